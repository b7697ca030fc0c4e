/**
 * What is to happen when the answer to a request has been written. Only the transport knows that moment, and only the
 * tool knows what was in the answer; the request id joins them.
 */
import type { RequestId } from './jsonrpc.ts';

export class AfterWrite {
  private readonly waiting = new Map<RequestId, (() => void)[]>();

  /** What ends a call before its answer is out. A transport that knows better than the protocol's signal says its own. */
  signalOf(signal: AbortSignal): AbortSignal {
    return signal;
  }

  /** A request begins: whatever an earlier request of the same id left behind is dropped. */
  begin(id: RequestId): void {
    this.waiting.delete(id);
  }

  add(id: RequestId, call: () => void): void {
    const calls = this.waiting.get(id);
    if (calls) calls.push(call);
    else this.waiting.set(id, [call]);
  }

  /** The answer to this request is written: runs what was added for it, once, in order. */
  written(id: RequestId): void {
    const calls = this.waiting.get(id) ?? [];
    this.waiting.delete(id);
    for (const call of calls) call();
  }

  /** The answer will never be written. */
  drop(id: RequestId): void {
    this.waiting.delete(id);
  }

  get size(): number {
    return this.waiting.size;
  }
}
