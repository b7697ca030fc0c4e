/**
 * Claude Code's inbox socket (2.1.224 and later): a program that it started may write to it, and the text starts a turn, or
 * is read between two tool calls. Two JSON lines a connection; there is no answer:
 *
 *     {"type":"auth","token":"…"}
 *     {"type":"user","msg_id":"…","from":"relay:CC-2","priority":"next","message":{"role":"user","content":"<cross-session-message from=…>\n…\n</…>"}}
 *
 * The attributes stand in this order, each tag on a line of its own: otherwise the sender's name is not read. The frame is
 * not documented; it is used where the socket is there, and whether it worked is told by the transcript.
 */
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Clock } from '../../util/clock.ts';
import { type Random, uuid } from '../../util/random.ts';
import { DOOR_PATIENCE, type Door, doubtful, failed, type Given, HANDED, type Parcel } from '../door.ts';

/** Longest line that it takes is about a mebibyte of characters. */
const LONGEST = 1_000_000;

interface Options {
  /** Asked each time: the first session after an update makes it late. */
  readonly socket: () => string | undefined;
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

export class SocketDoor implements Door {
  readonly name = 'inbox socket';
  readonly interrupts = true;
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  isOpen(): boolean {
    const path = this.#options.socket();
    return path !== undefined && existsSync(path);
  }

  give(parcel: Parcel): Promise<Given> {
    const { socket, token, random } = this.#options;
    const path = socket();
    if (path === undefined) return Promise.resolve(failed('the inbox socket is gone'));
    const line = JSON.stringify(frameOf(parcel, random));
    if (line.length > LONGEST) return Promise.resolve(failed('the text is too long for the inbox socket'));
    const auth = token === undefined ? '' : `${JSON.stringify({ type: 'auth', token })}\n`;
    return this.#write(path, `${auth}${line}\n`);
  }

  #write(path: string, text: string): Promise<Given> {
    return new Promise((resolve) => {
      const socket = connect(path);
      // Once it is connected the text is in the kernel's hands: Claude Code may read it whenever its loop runs again.
      let broken = failed;
      socket.once('connect', () => {
        broken = doubtful;
      });
      const timer = this.#options.clock.after(DOOR_PATIENCE, () => settle(broken('the inbox socket does not answer')));
      const settle = (given: Given) => {
        timer.cancel();
        resolve(given);
        socket.destroy();
      };
      socket.once('error', (error) => settle(broken(`the inbox socket is closed (${codeOf(error)})`)));
      // The other side has read all of it once it closes its own end.
      socket.once('close', () => settle(HANDED));
      socket.resume();
      socket.end(text);
    });
  }
}

/** What an old relay may have let somebody be called must not end an attribute. */
const NOT_IN_NAMES = /[^A-Za-z0-9_.@#, -]/g;

function frameOf({ text, from, urgent }: Parcel, random: Random): object {
  const name = from.replace(NOT_IN_NAMES, '-');
  const content = `<cross-session-message from="relay:${name}" from-name="${name}">\n${harmless(text)}\n</cross-session-message>`;
  return {
    type: 'user',
    msg_id: uuid(random),
    from: `relay:${name}`,
    priority: urgent ? 'next' : 'later',
    message: { role: 'user', content },
  };
}

/** Its own tag is not for a body to write: the hyphen is another one, which reads the same. */
function harmless(text: string): string {
  return text.replaceAll(/<(\/?)cross-session-message/gi, '<$1cross\u2011session\u2011message');
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? 'unknown reason';
}
