/** Several people on one relay: each sees and reaches what is granted, and nothing else. */
import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { SessionInfo } from '../../src/protocol/session.ts';
import { grantsOf } from '../../src/state/queries/grants.ts';
import { peopledRelay } from '../support/people.ts';
import { Peer, settle } from '../support/relay.ts';
import { bodies, codeOf, delivered } from './kit.ts';

const ABOUT = { kind: 'agent', host: 'secret-host', cwd: '/secret/place', program: 'codex' } as const;
type Peers = { peers: SessionInfo[]; more: number };
type Mail = { messages: Envelope[] };

/** What a refusal says, whoever is asked for. */
async function saidOf(promise: Promise<unknown>, name: string): Promise<string> {
  const error: unknown = await promise.then(
    () => new Error('it was taken'),
    (thrown) => thrown,
  );
  return error instanceof Error ? error.message.replaceAll(name, 'NAME') : '';
}

describe('two people', () => {
  it('may have sessions of one name, and each is told of the other with its person', async () => {
    const { relay, of } = await peopledRelay({ bert: ['send:@anna'] });
    const ours = await Peer.open(relay, { name: 'CC-1', window: 8 });
    const theirs = await Peer.open(relay, { name: 'CC-1', window: 8 }, of('bert'));
    expect([ours.welcome.name, theirs.welcome.name]).toEqual(['CC-1', 'CC-1']);
    expect([ours.welcome.suffixed, theirs.welcome.suffixed]).toEqual([undefined, undefined]);
    const sent = await theirs.ask('send', { to: ['CC-1@anna'], body: 'hello' });
    expect(sent.to).toEqual([{ address: 'CC-1@anna', recipients: 1, here: 1, absent: [] }]);
    await settle();
    expect(delivered(ours)).toMatchObject([{ from: 'CC-1@bert', to: ['CC-1'], body: 'hello' }]);
    await ours.ask('send', { to: ['CC-1@bert'], body: 'back' });
    await settle();
    expect(delivered(theirs)).toMatchObject([{ from: 'CC-1@anna', to: ['CC-1'], body: 'back' }]);
  });

  it('each write to their own session by its short name', async () => {
    const { as } = await peopledRelay({ bert: ['send:@anna'] });
    for (const who of ['anna', 'bert']) await as(who, 'A')('send', { to: 'A', body: `for ${who}` });
    for (const who of ['anna', 'bert'])
      expect(bodies((await as(who, 'A')<Mail>('receive')).messages)).toEqual([`for ${who}`]);
  });

  it('see who is here as far as it is granted, and not where or on which machine', async () => {
    const { relay, as, of } = await peopledRelay({ bert: ['send:OPEN'], carol: [] });
    for (const name of ['OPEN', 'SHUT']) await Peer.open(relay, { name, about: ABOUT });
    const bert = await Peer.open(relay, { name: 'B', presence: true, about: ABOUT }, of('bert'));
    const seen = async (who: string) => (await as(who)<Peers>('peers')).peers;
    expect((await seen('anna')).map(({ name, cwd }) => [name, cwd])).toEqual([
      ['OPEN', '/secret/place'],
      ['SHUT', '/secret/place'],
      ['B@bert', undefined],
    ]);
    expect((await seen('bert')).map(({ name, cwd, host }) => [name, cwd, host])).toEqual([
      ['OPEN@anna', undefined, undefined],
      ['B', '/secret/place', 'secret-host'],
    ]);
    expect(await seen('carol')).toEqual([]);
    await Peer.open(relay, { name: 'SHUT-2', about: ABOUT });
    expect(JSON.stringify(bert.frames)).not.toMatch(/SHUT|secret/);
    expect(await as('carol')('status')).toMatchObject({ here: 0, sessions: 0, rooms: [] });
  });

  it('hear of presence only what they may see, in their own words', async () => {
    const { relay, of } = await peopledRelay({ bert: ['see:OPEN'] });
    const bert = await Peer.open(relay, { name: 'B', presence: true }, of('bert'));
    const open = await Peer.open(relay, { name: 'OPEN', about: ABOUT });
    await Peer.open(relay, { name: 'SHUT', about: ABOUT });
    open.say({ type: 'bye' });
    await settle();
    expect(bert.all('presence').map(({ event, name, cwd }) => [event, name, cwd])).toEqual([
      ['joined', 'OPEN@anna', undefined],
      ['left', 'OPEN@anna', undefined],
    ]);
  });

  it('reach a third only by answering, and only who wrote', async () => {
    const { as } = await peopledRelay({ bert: [], carol: ['send:@bert'] });
    await as('bert', 'B')('status');
    await as('carol', 'OTHER')('status');
    const { id } = await as('carol', 'C')<{ id: string }>('send', { to: 'B@bert', body: 'hi' });
    const bert = as('bert', 'B');
    expect(await codeOf(bert('send', { to: 'C@carol', body: 'x' }))).toBe('unknown_recipient');
    expect(await codeOf(bert('send', { to: 'OTHER@carol', reply_to: id, body: 'x' }))).toBe('unknown_recipient');
    expect(await codeOf(bert('send', { reply_to: id, body: 'one' }))).toBe('ok');
    expect(await codeOf(bert('send', { to: 'C@carol', reply_to: id, body: 'two' }))).toBe('ok');
    expect(bodies((await as('carol', 'C')<Mail>('receive')).messages)).toEqual(['one', 'two']);
    // Somebody who knows the id of a message that was not for him.
    expect(await codeOf(as('bert', 'B2')('send', { to: 'C@carol', reply_to: id, body: 'x' }))).toBe(
      'unknown_recipient',
    );
  });

  it('use rooms and broadcasts as far as it is granted', async () => {
    const { as } = await peopledRelay({ bert: ['read:#open', 'send:#open'], carol: ['read:#open'] });
    for (const room of ['#open', '#shut']) await as('anna', 'A')('join', { room });
    await as('bert', 'B')('join', { room: '#open' });
    await as('carol', 'C')('join', { room: 'open' });
    await as('bert', 'B')('send', { to: '#open', body: 'from bert' });
    const { messages } = await as('carol', 'C')<Mail>('receive');
    expect(messages).toMatchObject([{ from: 'B@bert', to: ['#open'], body: 'from bert' }]);
    const carol = as('carol', 'C');
    for (const args of [{ to: '#open' }, { reply_to: messages[0]?.id }, { to: 'all' }, { to: '#shut' }])
      expect(await codeOf(carol('send', { ...args, body: 'x' }))).toMatch(/unknown_(room|recipient)/);
    await as('anna', 'A')('send', { to: 'all', body: 'ours' });
    expect((await carol<Mail>('receive')).messages).toEqual([]);
    expect(await as('carol')('rooms')).toMatchObject({ rooms: [{ room: '#open', members: 3 }], more: 0 });
    const members = await as('carol')<{ members: SessionInfo[] }>('rooms', { room: '#open' });
    expect(members.members.map(({ name }) => name)).toEqual(['A@anna', 'B@bert', 'C']);
  });

  it('cannot act as, resume or rename to a session of the other', async () => {
    const { relay, as, of } = await peopledRelay({ bert: ['send:all'] });
    const ours = await Peer.open(relay, { name: 'CC-1' });
    const key = ours.welcome.key ?? '';
    const theirs = await Peer.open(relay, { name: 'CC-1', key }, of('bert'));
    expect(theirs.welcome).toMatchObject({ name: 'CC-1', unread: 0 });
    expect(ours.closeCode).toBeUndefined();
    await as('anna', 'X')('send', { to: 'CC-1', body: 'for us' });
    expect((await theirs.ask('receive', {})).messages).toEqual([]);
    expect(await codeOf(theirs.ask('rename', { to: 'CC-1@anna' } as never))).toBe('name_invalid');
    expect((await ours.ask('receive', {})).messages).toHaveLength(1);
  });
});

describe('T22: what is not granted is answered as what is not there', () => {
  const ASKED: readonly (readonly [string, string, string, (name: string) => object])[] = [
    ['send', 'SHUT@anna', 'NEVER@anna', (to) => ({ to, body: 'x' })],
    ['send', '#shut', '#never', (to) => ({ to, body: 'x' })],
    ['receive', 'SHUT@anna', 'NEVER@anna', (from) => ({ from })],
    ['inbox', 'SHUT@anna', 'NEVER@nobody', (from) => ({ from })],
    ['history', 'SHUT@carol', 'NEVER@carol', (other) => ({ with: other })],
    ['history', '#shut', '#never', (room) => ({ room })],
    ['join', '#shut', '#never', (room) => ({ room })],
    ['leave', '#shut', '#never', (room) => ({ room })],
    ['rooms', '#shut', '#never', (room) => ({ room })],
  ];

  it.each(ASKED)('%s of %s and %s', async (verb, there, absent, args) => {
    const { as } = await peopledRelay({ bert: [], carol: [] });
    await as('anna', 'SHUT')('join', { room: '#shut' });
    await as('carol', 'SHUT')('status');
    const bert = as('bert', 'B');
    const [one, other] = [there, absent].map((name) => saidOf(bert(verb, args(name)), name));
    expect(await one).toBe(await other);
    expect(await one).not.toMatch(/taken|did you mean/);
  });

  it('and so are messages of others, by their ids', async () => {
    const { as } = await peopledRelay({ bert: [] });
    const { id } = await as('anna', 'A')<{ id: string }>('send', { to: 'A', body: 'ours' });
    const bert = as('bert', 'B');
    for (const [verb, args] of [
      ['history', (id: string) => ({ id })],
      ['receipts', (id: string) => ({ id })],
      ['send', (id: string) => ({ reply_to: id, body: 'x' })],
    ] as const)
      expect(await saidOf(bert(verb, args(id)), id)).toBe(await saidOf(bert(verb, args('mnever')), 'mnever'));
  });
});

describe('T11: what a client says of its own rights', () => {
  const WORDS = 'admin administer role roles scope scopes grant grants may person owner device identity sudo trust';
  const VALUES = [true, 'owner', 1, ['all'], { all: true }];

  it('is refused, and changes nothing, in 200 fields', async () => {
    const { relay, journal, as, of } = await peopledRelay({ bert: ['send:@anna'] });
    const dump = () => JSON.stringify([grantsOf(journal.state.store, 2), grantsOf(journal.state.store, 1)]);
    const before = dump();
    const fields = [...WORDS.split(' '), '__proto__x', 'isOwner', 'privileges', 'permissions', 'is_admin', 'token'];
    let refused = 0;
    for (const field of fields)
      for (const value of VALUES) {
        const peer = new Peer(relay, of('bert'));
        peer.say({ type: 'hello', v: 1, instance: 'i1', seat: true, name: 'B', [field]: value });
        await settle();
        refused += peer.all('error').length;
        const args = { to: 'B', body: 'x', [field]: value };
        refused += (await codeOf(as('bert', 'B')('send', args))) === 'bad_request' ? 1 : 0;
      }
    expect(refused).toBe(fields.length * VALUES.length * 2);
    expect(refused).toBeGreaterThanOrEqual(200);
    expect(dump()).toBe(before);
  });
});

describe('T26: revoke', () => {
  it('cuts connections and waiting requests at once, and nothing is read after', async () => {
    const { relay, journal, as, of } = await peopledRelay({ bert: ['read:all'] });
    const peer = await Peer.open(relay, { name: 'B', window: 8 }, of('bert'));
    const waiting = codeOf(as('bert', 'W')('receive', { wait_seconds: 60 }));
    await settle();
    await journal.submit({ type: 'revoke', at: 1, device: 'd-bert' });
    await settle();
    expect(peer.closeCode).toBe(4401);
    expect(await waiting).toBe('unauthorized');
    await as('anna', 'A')('send', { to: 'B@bert', body: 'secret' });
    await settle();
    expect(JSON.stringify(peer.frames)).not.toContain('secret');
    expect(relay.knows(of('bert'))).toBe(false);
  });

  it('leaves everybody else alone', async () => {
    const { relay, journal, of } = await peopledRelay({ bert: [], carol: [] });
    const [anna, carol] = [await Peer.open(relay, { name: 'A' }), await Peer.open(relay, { name: 'C' }, of('carol'))];
    await journal.submit({ type: 'revoke', at: 1, person: of('bert').person });
    await settle();
    expect([anna.closeCode, carol.closeCode]).toEqual([undefined, undefined]);
  });

  it('is what the end of a device’s time is, too, within a second', async () => {
    const { relay, journal, clock, of } = await peopledRelay({ bert: [] });
    const { person } = of('bert');
    const expires_at = clock.now() + 5_000;
    const device = { id: 'd-ci', name: 'ci', kind: 'token', proof: 'p-ci', expires_at } as const;
    await journal.submit({ type: 'admit', at: 1, person, device });
    const peer = await Peer.open(relay, { name: 'B' }, { person, device: 'd-ci' });
    await clock.run(4_000);
    expect(peer.closeCode).toBeUndefined();
    await clock.run(2_000);
    expect(peer.closeCode).toBe(4401);
  });
});
