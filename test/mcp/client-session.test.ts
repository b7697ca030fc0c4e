import { describe, expect, it } from 'vitest';
import type { ClientEvents, ClientState, RelayClient } from '../../src/client/client.ts';
import type { Refused } from '../../src/client/outbox-store.ts';
import { Bulletin } from '../../src/delivery/bulletin.ts';
import { ClientSession } from '../../src/mcp/client-session.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Draft, Envelope } from '../../src/protocol/envelope.ts';
import type { ReceiptFrame } from '../../src/protocol/frames.ts';
import { Failure } from '../../src/util/failure.ts';
import { envelope } from './fake-session.ts';

type Listener = (value: unknown) => void;

/** The client and the outbox, as the session uses them. */
class FakeParts {
  readonly listeners = new Map<string, Set<Listener>>();
  readonly said: string[] = [];
  readonly requests: unknown[][] = [];
  readonly drafts: Draft[] = [];
  refused: Refused[] = [];
  place: string | RelayError = 'ws://localhost:9999';
  state: ClientState = { phase: 'connected', name: 'CC-1', wanted: undefined, trouble: undefined };
  onRequest: (() => Promise<unknown>) | undefined;
  gapsTold = 0;
  readonly bulletin = new Bulletin();
  readonly session: ClientSession;

  constructor() {
    const parts = this;
    const client = {
      on: (event: string, listener: Listener) => {
        const set = this.listeners.get(event) ?? new Set();
        this.listeners.set(event, set.add(listener));
        return () => set.delete(listener);
      },
      request: async (...args: unknown[]) => {
        this.requests.push(args);
        return this.onRequest?.();
      },
      gapTold: () => {
        this.gapsTold += 1;
      },
      receipts: {
        handed: (positions: readonly number[]) => this.said.push(`handed ${positions.join()}`),
      },
      get state() {
        return parts.state;
      },
      unread: 3,
      get place() {
        if (parts.place instanceof RelayError) throw parts.place;
        return parts.place;
      },
    };
    const outbox = {
      send: async (draft: Draft) => {
        this.drafts.push(draft);
        return { id: draft.id ?? 'm0', kept: true as const };
      },
      size: 2,
      get refused() {
        return parts.refused;
      },
    };
    const delivery = {
      answered: (messages: readonly Envelope[]) =>
        void this.said.push(`answered ${messages.map(({ id }) => id).join()}`),
      called: (tool: string) => {
        this.said.push(`called ${tool}`);
        return () => void this.said.push(`done ${tool}`);
      },
    };
    // The parts that the session uses are all there; the classes have more.
    this.session = new ClientSession({
      client: client as unknown as RelayClient,
      outbox,
      delivery,
      bulletin: this.bulletin,
    });
  }

  emit<E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void {
    for (const listener of this.listeners.get(event) ?? []) listener(value);
  }
}

const refused = (over: Partial<Draft>): Refused => ({
  id: 'm1',
  at: 0,
  draft: { body: 'x', ...over },
  code: 'unknown_recipient',
  message: 'Nobody called ghost was ever here.',
});

describe('the state of a session', () => {
  it('is that of its client and its outbox', () => {
    const { session } = new FakeParts();
    expect(session.state).toMatchObject({
      name: 'CC-1',
      connected: true,
      relay: 'ws://localhost:9999',
      unread: 3,
      outbox: 2,
      refused: [],
    });
    expect(session.state.wanted).toBeUndefined();
    expect(session.state.trouble).toBeUndefined();
  });

  it('changes with them', () => {
    const parts = new FakeParts();
    parts.state = {
      phase: 'waiting',
      name: 'CC-1.2',
      wanted: 'CC-1',
      trouble: new RelayError('not_connected', 'It is gone.'),
    };
    expect(parts.session.state).toMatchObject({
      name: 'CC-1.2',
      wanted: 'CC-1',
      connected: false,
      trouble: 'It is gone.',
    });
  });

  it.each(['idle', 'connecting', 'waiting', 'refused', 'ended'] as const)(
    'is not connected while the client is %s',
    (phase) => {
      const parts = new FakeParts();
      parts.state = { ...parts.state, phase };
      expect(parts.session.state.connected).toBe(false);
    },
  );

  it('survives an address that is none', () => {
    const parts = new FakeParts();
    parts.place = new RelayError('bad_request');
    expect(parts.session.state.relay).toBe('the relay');
  });

  it('survives refusals that cannot be read', () => {
    const parts = new FakeParts();
    Object.defineProperty(parts, 'refused', {
      get: () => {
        throw new Error('EMFILE');
      },
    });
    expect(parts.session.state.refused).toEqual([]);
  });

  it('names what was refused, and to whom it was', () => {
    const parts = new FakeParts();
    parts.refused = [refused({ to: ['ghost'] }), refused({ reply_to: 'm7' }), refused({})];
    expect(parts.session.state.refused?.map((lost) => lost.to)).toEqual([['ghost'], ['the sender of m7'], ['all']]);
  });
});

describe('a request of a session', () => {
  it.each([
    ['connecting', 3_000],
    ['idle', 3_000],
    ['waiting', 1_000],
    ['refused', 1_000],
  ] as const)('made while the client is %s waits %d ms for a connection', async (phase, whenReady) => {
    const parts = new FakeParts();
    parts.state = { ...parts.state, phase };
    const { signal } = new AbortController();
    await parts.session.request('peers', {}, signal);
    expect(parts.requests).toEqual([['peers', {}, { signal, whenReady }]]);
  });

  it('fails as the client fails', async () => {
    const parts = new FakeParts();
    parts.onRequest = () => Promise.reject(new RelayError('timeout'));
    await expect(parts.session.request('peers', {})).rejects.toMatchObject({ code: 'timeout' });
  });
});

describe('sends and receipts of a session', () => {
  it('go to the outbox and to the receipts', async () => {
    const parts = new FakeParts();
    expect(await parts.session.send({ id: 'm5', body: 'x' })).toEqual({ id: 'm5', kept: true });
    parts.session.handed([envelope({ position: 1 }), envelope({ position: 2 })]);
    parts.session.called('relay_peers')();
    expect(parts.drafts).toEqual([{ id: 'm5', body: 'x' }]);
    expect(parts.said).toEqual(['handed 1,2', 'answered m1,m2', 'called relay_peers', 'done relay_peers']);
  });

  it('that go unread are told to the model once; what it may ask for is not', () => {
    const parts = new FakeParts();
    const receipt = (over: Partial<ReceiptFrame>) =>
      parts.emit('receipt', { type: 'receipt', id: 'm5', name: 'CC-2', state: 'handed', at: 1, ...over });
    for (const state of ['handed', 'seen', 'replied'] as const) receipt({ state });
    expect(parts.session.state.takeNotice()).toBeUndefined();
    receipt({ unseen: 'in Bash since\u001b[2J 12:00:00Z' });
    receipt({ state: 'expired' });
    receipt({ state: 'refused', reason: 'not now' });
    expect(parts.session.state.takeNotice()).toBe(
      'CC-2 has not read your message m5: in Bash since␛[2J 12:00:00Z. Your message m5 to CC-2 ended as expired. Your message m5 to CC-2 ended as refused (not now).',
    );
    expect(parts.session.state.takeNotice()).toBeUndefined();
  });

  it('wake with the mail of the client', () => {
    const parts = new FakeParts();
    let woken = 0;
    const stop = parts.session.onMail(() => {
      woken += 1;
    });
    parts.emit('mail', 1);
    stop();
    parts.emit('mail', 2);
    expect(woken).toBe(1);
  });
});

describe('what the model is told once', () => {
  it('is nothing while nothing happened', () => {
    expect(new FakeParts().session.state.takeNotice()).toBeUndefined();
  });

  it('is that another holds its name', () => {
    const parts = new FakeParts();
    parts.emit('name', { was: 'CC-1', now: 'CC-1.2', why: 'suffixed' });
    expect(parts.session.state.takeNotice()).toMatch(/^CC-1 is held by another live session, so you are CC-1\.2/);
    expect(parts.session.state.takeNotice()).toBeUndefined();
  });

  it('is that it was renamed, unless it asked for that', async () => {
    const parts = new FakeParts();
    parts.emit('name', { was: 'CC-1', now: 'boss', why: 'renamed' });
    expect(parts.session.state.takeNotice()).toBe('Your name is boss now; it was CC-1.');
    parts.onRequest = async () => parts.emit('name', { was: 'boss', now: 'b', why: 'renamed' });
    await parts.session.request('rename', { to: 'b' });
    expect(parts.session.state.takeNotice()).toBeUndefined();
    parts.emit('name', { was: 'b', now: 'c', why: 'renamed' });
    expect(parts.session.state.takeNotice()).toMatch(/c now/);
  });

  it('is a gap', () => {
    const parts = new FakeParts();
    parts.emit('gap', { why: 'replaced' });
    expect(parts.session.state.takeNotice()).toMatch(/restored or replaced/);
    parts.emit('gap', { why: 'rolled back' });
    expect(parts.session.state.takeNotice()).toMatch(/has lost its newest messages/);
    parts.emit('gap', { why: 'missed', count: 1 });
    expect(parts.session.state.takeNotice()).toMatch(/^1 message to you ended before you were shown it: /);
    parts.emit('gap', { why: 'missed', count: 7 });
    expect(parts.session.state.takeNotice()).toMatch(/^7 messages to you ended before you were shown them: /);
    expect(parts.session.state.takeNotice()).toBeUndefined();
  });

  it('counts as told once it is written, and no gap that came meanwhile with it', () => {
    const parts = new FakeParts();
    const { state } = parts.session;
    parts.emit('gap', { why: 'replaced' });
    state.takeNotice();
    expect(parts.gapsTold).toBe(0);
    parts.emit('gap', { why: 'missed', count: 1 });
    state.noticeTold?.();
    expect(parts.gapsTold).toBe(0);
    state.takeNotice();
    for (let i = 0; i < 2; i += 1) state.noticeTold?.();
    expect(parts.gapsTold).toBe(1);
  });

  it('is that a kept message was refused', () => {
    const parts = new FakeParts();
    parts.session.refusedLater(refused({ to: ['ghost'] }));
    expect(parts.session.state.takeNotice()).toBe(
      'Your message m1 to ghost, kept while the relay was away, was refused: Nobody called ghost was ever here.',
    );
  });

  it('is that a kept message is damaged', () => {
    const parts = new FakeParts();
    parts.session.setAside('/h/outbox/CC-1/corrupt-1-m1.json', new SyntaxError('in JSON'));
    expect(parts.session.state.takeNotice()).toBe(
      '1 message kept for the relay was not sent: The file is damaged. Tell your user; it is set aside as /h/outbox/CC-1/corrupt-1-m1.json.',
    );
  });

  it('is why a kept message may not be read', () => {
    const parts = new FakeParts();
    parts.session.setAside('/h/outbox/CC-1/corrupt-1-m1.json', new Failure('unsafe', 'F is open to other users.'));
    expect(parts.session.state.takeNotice()).toMatch(/ was not sent: F is open to other users\. Tell your user; /);
  });

  it('is that many are damaged, in one line that says where they are', () => {
    const parts = new FakeParts();
    parts.emit('gap', { why: 'replaced' });
    for (let i = 0; i < 10; i += 1) parts.session.setAside(`/h/outbox/CC-1/corrupt-${i}.json`, new Error('x'));
    expect(parts.session.state.takeNotice()).toMatch(
      /^10 messages kept for the relay were not sent; the first: The file is damaged\. Tell your user; they are set aside in \/h\/outbox\/CC-1 as corrupt-\*\. The data /,
    );
    expect(parts.session.state.takeNotice()).toBeUndefined();
  });

  it('is all of it together, but not a whole log', () => {
    const parts = new FakeParts();
    parts.emit('gap', { why: 'replaced' });
    for (let i = 0; i < 10; i += 1) parts.session.refusedLater(refused({ to: ['ghost'] }));
    const notice = parts.session.state.takeNotice() ?? '';
    expect(notice.match(/was refused/g)).toHaveLength(4);
    expect(notice).toMatch(/And 6 more/);
  });

  it('sends nothing that seems to hold a secret, and keeps the order of what it sends', async () => {
    const parts = new FakeParts();
    const secret = `glpat-${'x7Kq2'.repeat(4)}`;
    const sends = ['one', secret, 'two'].map((body, i) => parts.session.send({ id: `m${i}`, to: ['CC-2'], body }));
    const [one, held, two] = await Promise.allSettled(sends);
    expect([one?.status, held?.status, two?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(held).toMatchObject({ reason: { code: 'secret_found' } });
    expect(parts.drafts.map(({ body }) => body)).toEqual(['one', 'two']);
  });
});

describe('what the person should know of', () => {
  it('is said once, before what happened to messages', () => {
    const parts = new FakeParts();
    parts.bulletin.post('held', '2 messages of bob are held');
    parts.emit('receipt', { type: 'receipt', id: 'm1', name: 'B', state: 'refused', at: 1 });
    const { state } = parts.session;
    expect(state.takeNotice()).toBe('2 messages of bob are held. Your message m1 to B ended as refused.');
    expect(state.takeNotice()).toBeUndefined();
  });
});
