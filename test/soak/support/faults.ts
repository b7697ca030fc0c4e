/** What may go wrong, each as one thing that somebody does. Each checks what it is told at once; what was sent meanwhile is judged at the end. */
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { askAdmin, askPeople, streamAdmin } from '../../../src/client/admin.ts';
import { joinRelay } from '../../../src/client/join.ts';
import { once } from '../../../src/client/once.ts';
import { asRelayError } from '../../../src/protocol/codes.ts';
import { LIMITS, TIMES } from '../../../src/protocol/limits.ts';
import { readJoinLine } from '../../../src/protocol/people.ts';
import { sleep, systemClock } from '../../../src/util/clock.ts';
import type { Seeded } from '../../faults/support/seeded.ts';
import { readOf } from '../../faults/support/talker.ts';
import type { Guests } from './guests.ts';
import type { World } from './world.ts';

export interface Scene {
  /** Its relay lives through all of it. */
  readonly steady: World;
  /** Its relay is killed and stopped. */
  readonly mortal: World;
  /** Of the steady one. */
  readonly guests: Guests;
  readonly chance: Seeded;
}

type Fault = (scene: Scene) => Promise<void>;

/** Of a stopped process, milliseconds: at the longest it is given up by its relay. */
const STOPPED = { least: 1_000, most: TIMES.silence + 5_000 };
/** How many come at once. */
const CROWD = 30;

export const FAULTS = {
  'connections cut': async ({ steady, chance }) => chance.pick(steady.cables).cutAll(),

  'sessions killed': async ({ steady, mortal, chance }) => {
    // The last of the steady ones lives all the time, and is watched.
    const [first] = steady.agents;
    await chance.pick([first, ...mortal.agents])?.kill();
  },

  'sessions stopped': async ({ steady, mortal, chance }) => {
    const agent = chance.pick([steady.agents[0], ...steady.agents.slice(1), ...mortal.agents]);
    agent?.signal('SIGSTOP');
    await sleep(systemClock, chance.between(STOPPED.least, STOPPED.most));
    agent?.signal('SIGCONT');
  },

  'readers stalled': async ({ guests, chance }) => {
    const [slow, flood] = [await guests.greet('SLOW', { window: 256 }), await guests.greet('FLOOD')];
    slow.client.freeze();
    const count = chance.between(20, 60);
    for (let n = 0; n < count; n += 1) await flood.send('SLOW', ['SLOW'], 'x'.repeat(30_000));
    slow.client.thaw();
    await slow.read(count);
    for (const guest of [slow, flood]) guest.bye();
  },

  'bad frames': async ({ guests, chance }) => {
    const bad = await guests.greet('BAD');
    const frames = [
      '',
      '{',
      '[]',
      '{"type":"nothing"}',
      '{"type":"request","id":-1}',
      '{"type":"hello","v":1}',
    ] as const;
    for (let n = 0; n < 300; n += 1) bad.client.sayRaw(chance.pick(frames));
    for (let n = 0; n < 20; n += 1) bad.client.say({ type: 'request', id: 1_000 + n, verb: 'send', args: { to: n } });
    await bad.ask('status');
    bad.client.sayRaw(Buffer.from(chance.bytes(100)));
    await bad.client.closed;
    const stranger = await guests.open();
    stranger.sayRaw('Good morning!');
    await stranger.closed;
  },

  'oversize frames': async ({ guests }) => {
    const { client } = await guests.greet('BIG');
    client.sayRaw('x'.repeat(LIMITS.frameBytes + 1));
    await expectClose(client.closed, 1009);
  },

  'connections half open': async ({ steady, guests }) => {
    const silent = await guests.open();
    const half = connect(steady.relay.port, '127.0.0.1', () =>
      half.write('POST /v1/send HTTP/1.1\r\nHost: 127.0.0.1\r\n'),
    );
    half.on('error', () => undefined);
    await expectClose(silent.closed, 4408);
    half.destroy();
  },

  'requests aborted': async ({ steady, guests, chance }) => {
    const { relay, history } = steady;
    const place = steady.as('ABORTS');
    const friend = await guests.greet('FRIEND');
    const signal = AbortSignal.timeout(chance.between(50, 1_000));
    await once('receive', { from: 'FRIEND', wait_seconds: 30 }, { ...place, signal }).catch(() => undefined); // on purpose
    await friend.send('ABORTS', ['ABORTS'], 'after somebody gave up waiting');
    // Who has gone away holds nothing back.
    const { messages } = await once('receive', { from: 'FRIEND', wait_seconds: 5, receipt: 'seen' }, place);
    for (const message of messages) history.note(readOf('ABORTS', message));
    friend.bye();
    const half = connect(relay.port, '127.0.0.1', () => {
      const head = ['POST /v1/send HTTP/1.1', `Host: 127.0.0.1:${relay.port}`, `Authorization: Bearer ${place.token}`];
      half.write(`${[...head, 'Content-Length: 1000', 'Relay-As: ABORTS'].join('\r\n')}\r\n\r\n{"to":`);
    });
    half.on('error', () => undefined);
    await sleep(systemClock, 100);
    half.resetAndDestroy();
  },

  prunings: async ({ steady, chance }) => {
    await askAdmin('prune', { older_than: chance.between(10_000, 60_000) }, steady.as());
  },

  'backups under load': async ({ steady, chance }) => {
    const place = steady.as();
    await streamAdmin('backup', {}, place, nowhere());
    const signal = AbortSignal.timeout(chance.between(5, 100));
    await streamAdmin('backup', {}, { ...place, signal }, nowhere()).catch(() => undefined); // cut off on purpose
    const { problems } = Object(await askAdmin('verify', {}, place));
    if (problems.length > 0) throw new Error(`The data are not whole: ${problems[0]}`);
  },

  renames: async ({ guests }) => {
    const [guest, writer] = [await guests.greet('OLD'), await guests.greet('WRITER')];
    await guest.ask('rename', { to: 'NEW' });
    await writer.send('OLD', ['OLD'], 'to the name of before');
    await guest.read(1);
    await guest.ask('rename', { to: 'OLD' });
    for (const each of [guest, writer]) each.bye();
  },

  searches: async ({ steady, chance }) => {
    const place = steady.as('SEEKS');
    for (let n = 0; n < 10; n += 1)
      await once('history', { query: chance.pick(['answer', 'who is there', 'S1']), count: 50 }, place);
  },

  rejoins: async ({ guests }) => {
    const first = await guests.greet('AGAIN');
    // The same process once more, and another one that finds it silent.
    const second = await guests.greet('AGAIN');
    await expectClose(first.client.closed, 4409);
    second.client.freeze();
    const third = await guests.greet('AGAIN', { instance: 'iOTHER' });
    second.client.cut();
    third.bye();
  },

  'crowds come and gone': async ({ guests, chance }) => {
    const crowd = await Promise.all(Array.from({ length: CROWD }, (_, n) => guests.greet(`CROWD-${n}`)));
    await Promise.all(crowd.map((guest) => guest.ask('join', { room: '#crowd' })));
    const [speaker, ...listeners] = crowd;
    const readers = listeners.map(({ name }) => name);
    await speaker?.send('#crowd', readers, 'to all of you');
    await Promise.all(listeners.map((guest) => guest.read(1)));
    await Promise.all(crowd.map((guest) => guest.ask('leave', { room: '#crowd' })));
    for (const guest of crowd) chance.chance(0.5) ? guest.bye() : guest.client.cut();
  },

  'invitations revoked': async ({ steady }) => {
    const place = steady.as();
    const { id, line } = await askPeople('invite', { person: 'bert' }, place);
    await askPeople('revoke', { what: id }, place);
    const read = readJoinLine(line);
    if (!read) throw new Error(`${line} is no line to join by.`);
    const { signal } = new AbortController();
    const why = await joinRelay(read, { person: 'bert', device: 'laptop', signal }).catch(asRelayError);
    if (!('code' in why) || why.code !== 'not_invited')
      throw new Error('An invitation that was revoked let somebody in.');
  },

  'MCP clients gone': async ({ steady, chance }) => {
    const url = new URL(`http://127.0.0.1:${steady.relay.port}/mcp?as=WEB`);
    const requestInit = { headers: { authorization: `Bearer ${steady.as().token}` } };
    const client = new Client({ name: 'soak', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
    await client.callTool({ name: 'relay_status', arguments: {} });
    const signal = AbortSignal.timeout(chance.between(50, 1_000));
    const waiting = { name: 'relay_receive', arguments: { from: 'FLOOD', wait_seconds: 30 } };
    await client.callTool(waiting, { signal }).catch(() => undefined); // it goes while it waits
    await client.close();
  },

  'relays killed': async ({ mortal }) => {
    await mortal.relay.kill();
    await mortal.relay.start();
  },

  'relays stopped': async ({ mortal, chance }) => {
    mortal.relay.signal('SIGSTOP');
    await sleep(systemClock, chance.between(500, 4_000));
    mortal.relay.signal('SIGCONT');
  },
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

async function expectClose(closed: Promise<number>, wanted: number): Promise<void> {
  const code = await closed;
  if (code !== wanted) throw new Error(`The connection was closed with ${code}, and not with ${wanted}.`);
}
