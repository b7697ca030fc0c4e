/** Looks whether the data are whole, beside the relay that uses them. */
import { damageIn } from '../journal/damage.ts';
import { openDatabase } from '../journal/driver.ts';

/** What is wrong with the file; undefined when nothing is. */
export async function checkData(path: string): Promise<string | undefined> {
  const database = await openDatabase(path);
  try {
    database.exec('PRAGMA query_only = ON; PRAGMA busy_timeout = 5000');
    return damageIn(database);
  } finally {
    database.close();
  }
}
