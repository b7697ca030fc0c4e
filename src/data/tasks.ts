/** What a running relay does with its data as a whole. Two implementations: in this thread, and in one of its own (`worker.ts`). */
import { asDamage } from '../journal/damage.ts';
import { checkData } from './check.ts';
import { copyData } from './copy.ts';
import { type ExportOptions, exportText } from './export.ts';
import { reading } from './reading.ts';
import { type Verified, verifyData } from './verify.ts';

export interface DataTasks {
  /** A copy of one moment, in a new file of mode 0600. */
  copy(to: string): Promise<void>;
  verify(): Promise<Verified>;
  /** What is wrong with the structure of the file; undefined when nothing is. */
  check(): Promise<string | undefined>;
  /** Of one moment, in pieces; the next one is made when it is asked for. */
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
  const pieces = await reading(path, (store) => [...exportText(store, options)]).catch(refused);
  yield* pieces;
}

function refused(error: unknown): never {
  throw asDamage(error);
}
