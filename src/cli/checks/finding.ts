/** What one check of `doctor` found. */
import { Failure, reason } from '../../util/failure.ts';

export type State = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly check: string;
  readonly state: State;
  /** One sentence. */
  readonly says: string;
  /** What to do, unless all is well. */
  readonly todo?: string;
}

export const ok = (check: string, says: string): Finding => ({ check, state: 'ok', says });

export const warn = (check: string, says: string, todo: string): Finding => ({ check, state: 'warn', says, todo });

export const fail = (check: string, says: string, todo: string): Finding => ({ check, state: 'fail', says, todo });

/** Something thrown, as a finding. */
export function failed(check: string, error: unknown): Finding {
  const todo = error instanceof Failure ? error.remedy : undefined;
  return { check, state: 'fail', says: reason(error), ...(todo === undefined ? {} : { todo }) };
}
