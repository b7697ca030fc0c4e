/** The session's mail without a relay: what is unread, what was taken, and what the senders were told. */
import type { Inbox } from '../../src/delivery/inbox.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';

export class FakeInbox implements Inbox {
  isConnected = true;
  readonly mail: Envelope[] = [];
  /** `handed 1,2`, `seen 1`, `unseen 3: why`, in the order in which they were said. */
  readonly said: string[] = [];
  /** Held requests wait until it resolves; they fail when it rejects. */
  gate: Promise<void> = Promise.resolve();
  looks = 0;
  readonly #listeners = new Set<() => void>();

  get unread(): number {
    return this.mail.length;
  }

  async look(count: number): Promise<readonly Envelope[]> {
    this.looks += 1;
    await this.gate;
    return this.mail.slice(0, count);
  }

  async take(count: number): Promise<{ messages: readonly Envelope[]; more: number }> {
    await this.gate;
    return { messages: this.mail.splice(0, count), more: this.mail.length };
  }

  handed(positions: readonly number[]): void {
    this.#say('handed', positions);
  }

  seen(positions: readonly number[]): void {
    this.#say('seen', positions);
  }

  unseen(positions: readonly number[], reason: string): void {
    this.said.push(`unseen ${positions.join()}: ${reason}`);
  }

  onMail(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Mail comes in, and whoever listens is told. */
  deliver(...messages: Envelope[]): void {
    this.mail.push(...messages);
    this.wake();
  }

  wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #say(what: string, positions: readonly number[]): void {
    if (positions.length > 0) this.said.push(`${what} ${positions.join()}`);
  }
}
