/** Where each text went of late: the same words to one after the other are what an infected agent sends. */
import { hash } from 'node:crypto';
import { TIMES } from '../protocol/limits.ts';

/** From so many characters on, a text within another is the same with something around it. */
const TELLING = 80;

/** As it is compared: neither spaces nor the case of letters make another text. */
function plain(body: string): string {
  return body.replace(/\s+/g, ' ').trim().toLowerCase();
}

/** Is one the other, or the other with something around it? */
export function isSameText(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [plain(a), plain(b)] : [plain(b), plain(a)];
  return short === long || (short.length >= TELLING && long.includes(short));
}

/** Names a text that somebody began. */
export function textOf(sender: number, body: string): string {
  return `${sender}:${hash('sha256', plain(body), 'base64url').slice(0, 22)}`;
}

export class Copies {
  /** Text → way → milliseconds: when it went there. */
  readonly #texts = new Map<string, Map<string, number>>();

  /** The ways that it has gone. */
  waysOf(text: string, now: number): readonly string[] {
    return [...this.#recent(text, now).keys()];
  }

  note(text: string, ways: readonly string[], now: number): void {
    const known = this.#recent(text, now);
    for (const way of ways) known.set(way, now);
    this.#texts.set(text, known);
  }

  sweep(now: number): void {
    for (const text of this.#texts.keys()) if (this.#recent(text, now).size === 0) this.#texts.delete(text);
  }

  #recent(text: string, now: number): Map<string, number> {
    const known = this.#texts.get(text) ?? [];
    return new Map([...known].filter(([, at]) => now - at < TIMES.cause));
  }
}
