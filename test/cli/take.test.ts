import { describe, expect, it } from 'vitest';
import type { RelayAccess } from '../../src/cli/relay.ts';
import { marked, takeWithin } from '../../src/cli/take.ts';
import { type Code, RelayError } from '../../src/protocol/codes.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import { textOutput } from '../support/command-line.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

const MESSAGE: Envelope = { id: 'm1', position: 7, from: 'CC-1', to: ['anna'], at: 1, body: 'x' };

type Step = { readonly messages: readonly Envelope[] } | Code;

/** Plays the relay: each `receive` takes as long as it was told to wait, and answers the next step. */
class Script {
  readonly asked: { verb: string; args: Record<string, unknown> }[] = [];
  readonly #steps: Step[];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock, steps: readonly Step[]) {
    this.#clock = clock;
    this.#steps = [...steps];
  }

  get access(): RelayAccess {
    return { ask: this.ask } as unknown as RelayAccess;
  }

  readonly ask = async (verb: string, args: Record<string, unknown>, { signal }: { signal?: AbortSignal } = {}) => {
    this.asked.push({ verb, args });
    const step = this.#steps.shift() ?? { messages: [] };
    if (typeof step === 'string') throw new RelayError(step);
    const wait = step.messages.length > 0 ? 0 : Number(args.wait_seconds ?? 0);
    if (wait > 0) await this.#waited(wait * 1000, signal);
    return { ...step, more: 0 };
  };

  #waited(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#clock.after(ms, resolve);
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  }
}

function take(steps: readonly Step[], seconds: number) {
  const clock = new FakeClock();
  const script = new Script(clock, steps);
  const end = new AbortController();
  const taken = takeWithin(script.access, { count: 5, from: 'CC-1' }, { seconds, signal: end.signal, clock });
  return { clock, script, end, taken };
}

async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let i = 0; i < seconds * 2; i += 1) {
    clock.advance(500);
    await settle();
  }
}

const waits = (script: Script) => script.asked.map(({ args }) => args.wait_seconds);

describe('taking mail', () => {
  it('asks once, and waits for nothing, when it was told no time', async () => {
    const { script, taken } = take([], 0);
    expect(await taken).toEqual({ messages: [], more: 0 });
    expect(script.asked).toEqual([{ verb: 'receive', args: { count: 5, from: 'CC-1', wait_seconds: 0 } }]);
  });

  it('answers what is there without waiting', async () => {
    const { script, taken } = take([{ messages: [MESSAGE] }], 600);
    expect((await taken).messages).toEqual([MESSAGE]);
    expect(script.asked).toHaveLength(1);
  });

  it('waits in pieces that are shorter than the relay holds what was taken', async () => {
    const { clock, script, taken } = take([], 60);
    await pass(clock, 61);
    expect((await taken).messages).toEqual([]);
    expect(waits(script)).toEqual([25, 25, 10]);
  });

  it('goes on waiting through a restart of the relay', async () => {
    const { clock, script, taken } = take([{ messages: [] }, 'timeout', 'not_connected', { messages: [MESSAGE] }], 60);
    await pass(clock, 30);
    expect((await taken).messages).toEqual([MESSAGE]);
    expect(script.asked).toHaveLength(4);
  });

  it('goes on waiting when the relay went away in the middle of the first answer', async () => {
    const { clock, taken } = take(['timeout', 'not_connected', { messages: [MESSAGE] }], 60);
    await pass(clock, 5);
    expect((await taken).messages).toEqual([MESSAGE]);
  });

  it('fails at once when there is no relay to begin with', async () => {
    const { taken } = take(['not_connected'], 60);
    await expect(taken).rejects.toMatchObject({ code: 'not_connected' });
  });

  it('fails when the relay is still away at the end of the time', async () => {
    const { clock, taken } = take([{ messages: [] }, ...Array<Code>(200).fill('not_connected')], 30);
    const failed = expect(taken).rejects.toMatchObject({ code: 'not_connected' });
    await pass(clock, 40);
    await failed;
  });

  it('fails at once at what no waiting mends', async () => {
    const { clock, taken } = take([{ messages: [] }, 'unauthorized'], 60);
    const failed = expect(taken).rejects.toMatchObject({ code: 'unauthorized' });
    await pass(clock, 26);
    await failed;
  });

  it('ends with nothing when it is told to end', async () => {
    const { clock, end, taken } = take([], 60);
    await pass(clock, 2);
    end.abort();
    expect((await taken).messages).toEqual([]);
  });

  it('ends with nothing when it is told to end while the relay is away', async () => {
    const { clock, end, taken } = take([{ messages: [] }, ...Array<Code>(200).fill('not_connected')], 60);
    await pass(clock, 27);
    end.abort();
    expect((await taken).messages).toEqual([]);
  });
});

describe('marking what was printed', () => {
  it('says seen, once, after the flush', async () => {
    const script = new Script(new FakeClock(), [{ messages: [] }]);
    const { out } = textOutput();
    await marked(out, script.access, [MESSAGE, { ...MESSAGE, position: 9 }]);
    expect(script.asked).toEqual([{ verb: 'receipt', args: { state: 'seen', positions: [7, 9] } }]);
  });

  it('says nothing for nothing', async () => {
    const script = new Script(new FakeClock(), []);
    await marked(textOutput().out, script.access, []);
    expect(script.asked).toEqual([]);
  });

  it('says nothing when nobody takes what was printed', async () => {
    const script = new Script(new FakeClock(), []);
    const { out, stdout } = textOutput();
    stdout.write = (_text, done) => done?.(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await expect(marked(out, script.access, [MESSAGE])).rejects.toThrow('EPIPE');
    expect(script.asked).toEqual([]);
  });

  it('warns, and does not fail, when the relay cannot be told', async () => {
    const script = new Script(new FakeClock(), ['not_connected']);
    const { out, stderr } = textOutput();
    await marked(out, script.access, [MESSAGE]);
    expect(stderr.text).toMatch(/will give them again\. The relay cannot be reached\.\n$/);
  });
});
