/** The relay, as far as the waker needs it. All of it is done as the session that is woken. */
import type { Envelope } from '../protocol/envelope.ts';

export interface Mail {
  /** What waits for it and was given to nobody, oldest first. Marks nothing. */
  waiting(name: string): Promise<readonly Envelope[]>;
  /** Is somebody connected under that name? True also when the relay cannot tell. */
  isHere(name: string): Promise<boolean>;
  /** Has it answered that message? */
  hasAnswered(name: string, message: { readonly id: string }): Promise<boolean>;
  /** The same id again changes nothing. */
  answer(
    name: string,
    answer: { readonly id: string; readonly reply_to: string; readonly body: string },
  ): Promise<void>;
}
