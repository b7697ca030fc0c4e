/**
 * `codex queue`: for a Codex without its daemon, which looks into its queue every few seconds. Not for `codex exec`, whose
 * queue is thrown away with it (openai/codex#41060). The text is an argument of a short-lived process: whoever may list this
 * user's processes can read it there.
 */
import type { Runner } from '../../util/run.ts';
import { type Door, doubtful, failed, type Given, HANDED, type Parcel } from '../door.ts';

/** Killed before it had an end (`util/run.ts`): it may have queued the text by then. */
const TOO_LONG = 124;
/** Linux takes no longer argument (MAX_ARG_STRLEN, 128 KiB). */
const LONGEST_BYTES = 120_000;

interface Options {
  readonly binary: () => string | undefined;
  readonly thread: () => string | undefined;
  readonly run: Runner;
}

export class QueueDoor implements Door {
  readonly name = 'queue';
  readonly interrupts = false;
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  isOpen(): boolean {
    return this.#options.thread() !== undefined && this.#options.binary() !== undefined;
  }

  async give({ text }: Parcel): Promise<Given> {
    const { run } = this.#options;
    const [binary, thread] = [this.#options.binary(), this.#options.thread()];
    if (binary === undefined || thread === undefined) return failed('the thread is not known');
    if (Buffer.byteLength(text) > LONGEST_BYTES) return failed('the text is too long for an argument');
    const { code, stderr } = await run(binary, ['queue', '--thread', thread, '--message', text]);
    if (code === 0) return HANDED;
    if (code === TOO_LONG) return doubtful('codex queue took too long');
    const why = stderr.trim().split('\n').at(-1)?.slice(0, 100) ?? '';
    return { outcome: 'refused', reason: `codex queue ended with ${code}${why === '' ? '' : `: ${why}`}` };
  }
}
