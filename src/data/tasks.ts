/** What a running relay does with its data as a whole. Two implementations: in this thread, and in one of its own (`worker.ts`). */
import { asDamage } from '../journal/damage.ts';
import { checkData } from './check.ts';
import { copyData } from './copy.ts';
import { type ExportOptions, exportText } from './export.ts';
import { readingOn } from './reading.ts';
import { type Verified, verifyData } from './verify.ts';

export interface DataTasks {
  /** A copy of one moment, in a new file of mode 0600. */
  copy(to: string): Promise<void>;
  verify(): Promise<Verified>;
  /** What is wrong with the structure of the file; undefined when nothing is. */
  check(): Promise<string | undefined>;
  /**
   * In pieces: what was there when it began, but for what is forgotten before its piece is made. That is when it is asked for;
   * until then the data are not held, so that a reader may take its time.
   */
  export(options: ExportOptions): AsyncIterable<string>;
}

/** In this thread: it keeps others waiting, for a while. */
export function directTasks(path: string): DataTasks {
  return {
    copy: (to) => copyData(path, to).catch(refused),
    verify: () => verifyData(path),
    check: () => checkData(path),
    export: (options) => exported(path, options),
  };
}

async function* exported(path: string, options: ExportOptions): AsyncGenerator<string> {
  try {
    yield* readingOn(path, (store) => exportText(store, options));
  } catch (error) {
    refused(error);
  }
}

function refused(error: unknown): never {
  throw asDamage(error);
}
