/** What every journal promises (`src/journal/journal.ts`), run over each of them. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Applied, Command, Effect, Send } from '../../src/state/command.ts';

export interface OpenedJournal {
  readonly journal: Journal;
  teardown(): Promise<void>;
}

const send = (id: string, more: Partial<Send> = {}): Send => ({
  type: 'send',
  at: 1,
  id,
  sender: 2,
  to: ['B'],
  body: id,
  priority: 'normal',
  hash: id,
  ...more,
});

const enter = (name: string): Command => ({ type: 'enter', at: 1, name, about: {} });
const codeOf = (error: unknown) => (error instanceof RelayError ? error.code : String(error));

/** Makes `apply` throw what is no RelayError, after it has written, for the sends with these ids. */
function breakApply(journal: Journal, ids: readonly string[]): void {
  const apply = journal.state.apply.bind(journal.state);
  Object.defineProperty(journal.state, 'apply', {
    value: (command: Command): Applied => {
      const applied: Applied = apply(command);
      if (command.type === 'send' && ids.includes(command.id)) throw new TypeError('a fault of ours');
      return applied;
    },
  });
}

export function runJournalContract(name: string, open: () => Promise<OpenedJournal>): void {
  describe(`the ${name} journal`, () => {
    let opened: OpenedJournal | undefined;
    afterEach(async () => {
      await opened?.teardown();
      opened = undefined;
    });

    /** With A (session 2) and B (session 3). */
    async function start(): Promise<Journal> {
      opened = await open();
      const { journal } = opened;
      await journal.submit(enter('A'));
      await journal.submit(enter('B'));
      return journal;
    }
    const positionsOf = (journal: Journal) =>
      journal.state.store.all<{ id: string }>('SELECT id FROM envelope ORDER BY position').map((row) => row.id);

    it('has an epoch from the start', async () => {
      const journal = await start();
      expect(journal.state.epoch).toMatch(/^i[0-9a-hjkmnp-tv-z]{16}$/);
      expect(journal.ready).toBe(true);
    });

    it('applies commands in the order of the calls, and answers in that order', async () => {
      const journal = await start();
      const answered: string[] = [];
      const ids = Array.from({ length: 50 }, (_, i) => `m${i}`);
      const waits = ids.map(async (id, i) => {
        const { outcome } = await (i % 3 === 0 ? journal.post(send(id)) : journal.submit(send(id)));
        answered.push(id);
        expect(outcome.position).toBe(i + 1);
      });
      await Promise.all(waits);
      expect(answered).toEqual(ids);
      expect(positionsOf(journal)).toEqual(ids);
    });

    it('keeps the order of more commands than one write takes', async () => {
      const journal = await start();
      const ids = Array.from({ length: 1_300 }, (_, i) => `m${i}`);
      const answers = await Promise.all(ids.map((id) => journal.submit(send(id))));
      expect(answers.map((answer) => answer.outcome.position)).toEqual(ids.map((_, i) => i + 1));
    });

    it('tells effects before the answer, in the order of the commands', async () => {
      const journal = await start();
      const log: string[] = [];
      journal.onEffects((effects) => {
        for (const effect of effects) if (effect.kind === 'stored') log.push(`told ${effect.position}`);
      });
      await Promise.all([1, 2, 3].map((i) => journal.submit(send(`m${i}`)).then(() => log.push(`answered ${i}`))));
      expect(log.filter((line) => line.startsWith('told'))).toEqual(['told 1', 'told 2', 'told 3']);
      for (const i of [1, 2, 3]) expect(log.indexOf(`told ${i}`)).toBeLessThan(log.indexOf(`answered ${i}`));
    });

    it('tells effects of what can be read already', async () => {
      const journal = await start();
      const read: unknown[] = [];
      journal.onEffects(() => read.push(...positionsOf(journal)));
      await journal.submit(send('m1'));
      expect(read).toEqual(['m1']);
    });

    it('tells every listener, and one that has stopped no more', async () => {
      const journal = await start();
      const got: string[] = [];
      const stop = journal.onEffects(() => got.push('one'));
      journal.onEffects(() => got.push('two'));
      await journal.submit(send('m1'));
      stop();
      stop();
      await journal.submit(send('m2'));
      expect(got).toEqual(['one', 'two', 'two']);
    });

    it('tells nobody of a command that means nothing to anybody', async () => {
      const journal = await start();
      const got: (readonly Effect[])[] = [];
      journal.onEffects((effects) => got.push(effects));
      await journal.submit({ type: 'depart', at: 3, session: 2 });
      await journal.submit(enter('A'));
      expect(got).toEqual([]);
    });

    it('takes a command from inside a listener, and applies it after', async () => {
      const journal = await start();
      let inner: Promise<unknown> | undefined;
      journal.onEffects(() => {
        inner ??= journal.submit(send('inner'));
      });
      await journal.submit(send('outer'));
      await inner;
      expect(positionsOf(journal)).toEqual(['outer', 'inner']);
    });

    it('answers although a listener throws, tells the others, and gives the fault to the process', async () => {
      const journal = await start();
      const got: number[] = [];
      journal.onEffects(() => {
        throw new Error('a listener that throws');
      });
      journal.onEffects((effects) => got.push(effects.length));
      const fault = nextFault();
      const answer = await journal.submit(send('m1'));
      expect(answer.outcome.duplicate).toBe(false);
      expect(await fault).toBe('a listener that throws');
      expect([got, positionsOf(journal), journal.ready]).toEqual([[1], ['m1'], true]);
      expect((await journal.submit(send('m1'))).outcome.duplicate).toBe(true);
    });

    it('rejects what the state refuses, and leaves what came with it alone', async () => {
      const journal = await start();
      const results = await Promise.allSettled([
        journal.submit(send('m1')),
        journal.submit(send('m2', { to: ['Nobody'] })),
        journal.post(send('m1', { hash: 'other' })),
        journal.submit(send('m3')),
        journal.submit({ type: 'leave', session: 2, room: '#none' }),
      ]);
      expect(results.map((result) => (result.status === 'fulfilled' ? 'ok' : codeOf(result.reason)))).toEqual([
        'ok',
        'unknown_recipient',
        'id_conflict',
        'ok',
        'not_member',
      ]);
      expect(positionsOf(journal)).toEqual(['m1', 'm3']);
      expect(journal.ready).toBe(true);
    });

    it.each([
      ['first', ['m1']],
      ['in the middle', ['m2']],
      ['last', ['m3']],
      ['two of them', ['m1', 'm3']],
      ['all of them', ['m1', 'm2', 'm3']],
    ])('fails only the command that breaks, with internal, and undoes what it wrote: %s', async (_, broken) => {
      const journal = await start();
      breakApply(journal, broken);
      const told: number[] = [];
      journal.onEffects((effects) => told.push(effects.length));
      const ids = ['m1', 'm2', 'm3'];
      const results = await Promise.allSettled(ids.map((id) => journal.submit(send(id))));
      const expected = ids.map((id) => (broken.includes(id) ? 'internal' : 'ok'));
      expect(results.map((result) => (result.status === 'fulfilled' ? 'ok' : codeOf(result.reason)))).toEqual(expected);
      expect(positionsOf(journal)).toEqual(ids.filter((id) => !broken.includes(id)));
      journal.state.store.settle();
      const filed = journal.state.store.all('SELECT * FROM route WHERE channel = 3');
      expect(filed).toHaveLength(3 - broken.length);
      expect(told).toHaveLength(3 - broken.length);
      const reason = results.find((result) => result.status === 'rejected')?.reason;
      expect(reason instanceof RelayError && reason.cause).toBeInstanceOf(TypeError);
      expect(journal.ready).toBe(true);
    });

    it('answers what was posted', async () => {
      const journal = await start();
      const { outcome } = await journal.post(send('m1'));
      expect(outcome).toEqual({ position: 1, at: 1, channels: [3], held: [], duplicate: false });
    });

    it('finishes what was submitted and posted before it closes', async () => {
      const journal = await start();
      const waits = [journal.submit(send('m1')), journal.post(send('m2')), journal.submit(send('m3'))];
      await journal.close();
      expect((await Promise.all(waits)).map((answer) => answer.outcome.position)).toEqual([1, 2, 3]);
    });

    it('takes nothing more once closed, and may be closed twice', async () => {
      const journal = await start();
      await Promise.all([journal.close(), journal.close()]);
      await journal.close();
      expect(journal.ready).toBe(false);
      for (const again of [journal.submit(send('m1')), journal.post(send('m2'))]) {
        expect(codeOf(await again.catch((error: unknown) => error))).toBe('shutting_down');
      }
    });
  });
}

/** The message of the next error that reaches the process, out of the test runner's sight. */
export function nextFault(): Promise<string> {
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  return new Promise((resolve) => {
    process.once('uncaughtException', (error) => {
      for (const other of others) process.on('uncaughtException', other);
      resolve(error.message);
    });
  });
}
