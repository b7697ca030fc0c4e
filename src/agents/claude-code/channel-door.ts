/**
 * Claude Code's channels (research preview): a notification over the protocol that we speak with it anyway. It takes them
 * only when it was started with our server named as a channel, and drops them without a word otherwise: so the door is open
 * when its command line says so, and whether it worked is told by the transcript.
 */
import { type Door, failed, type Given, HANDED, type Parcel } from '../door.ts';

/** Harmless where nobody takes them. */
export const CHANNEL_CAPABILITY = { 'claude/channel': {} } as const;

const FLAGS = ['--channels', '--dangerously-load-development-channels'];

export class ChannelDoor implements Door {
  readonly name = 'channel';
  readonly interrupts = false;
  readonly #notify: Notify;
  readonly #isNamed: boolean;

  /** `commandLine`: of the program that started us. */
  constructor(commandLine: readonly string[], notify: Notify) {
    this.#notify = notify;
    this.#isNamed = commandLine.some((word) => FLAGS.some((flag) => word === flag || word.startsWith(`${flag}=`)));
  }

  isOpen(): boolean {
    return this.#isNamed;
  }

  async give({ text, from, ids }: Parcel): Promise<Given> {
    // Keys of `meta` must be identifiers, or they are dropped.
    const params = { content: text, meta: { from, msg_id: ids.join(',') } };
    return this.#notify('notifications/claude/channel', params) ? HANDED : failed('the connection takes no channel');
  }
}

type Notify = (method: string, params: Readonly<Record<string, unknown>>) => boolean;
