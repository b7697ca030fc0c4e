/** T18, the other way round: what a relay says costs its client at most 64 MiB, kills nothing, and the session goes on. */
import { afterAll, describe, expect, it } from 'vitest';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { record } from '../faults/support/figures.ts';
import { machine } from '../support/cli.ts';
import { type Behaviour, hostileRelay, type Victim } from './support/hostile-relay.ts';
import { frame, OPCODE, textFrame } from './support/raw-socket.ts';
import { forgetPeak, MOST_MEMORY, peakMiB, residentMiB } from './support/target.ts';

/** How long each goes on, milliseconds. */
const WHILE = 1_500;
const TOKEN = 'x'.repeat(43);
const KIB = 1024;

const said = (text: object | string) =>
  textFrame(typeof text === 'string' ? text : JSON.stringify(text), { fromRelay: true });
const WELCOME = { type: 'welcome', v: 1, name: 'V', key: 'k', epoch: 'e1', position: 0, unread: 0, version: '0.1.0' };
const message = (n: number, body: string) => ({ id: `m${n}`, position: n, from: 'E', to: ['V'], at: 1, body });

/** Welcome, and then as much of it as the victim takes. */
function flood(piece: (n: number) => Buffer, welcome: Buffer = said(WELCOME)): Behaviour {
  return {
    async speak(victim: Victim) {
      victim.write(welcome);
      for (let n = 1; !victim.isGone; n += 1) {
        if (!victim.write(piece(n))) await victim.drained();
        else await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
  };
}

/** A welcome, and these: nothing more. */
const says = (...frames: readonly Buffer[]): Behaviour => ({
  speak: (victim) => {
    victim.write(Buffer.concat([said(WELCOME), ...frames]));
  },
});

const deep = '['.repeat(200_000) + ']'.repeat(200_000);
const ODD: readonly unknown[] = [
  null,
  5,
  -1,
  1e300,
  'x',
  '',
  [],
  {},
  [null],
  [[]],
  true,
  { length: 5 },
  { toString: 5 },
];
const FIELDS: Readonly<Record<string, object>> = {
  welcome: WELCOME,
  answer: { type: 'answer', id: 1, result: { messages: [], more: 0 } },
  error: { type: 'error', id: 1, code: 'internal', message: 'x', retry: false },
  deliver: { type: 'deliver', messages: [message(1, 'x')], unread: 1 },
  more: { type: 'more', unread: 1 },
  receipt: { type: 'receipt', id: 'm1', name: 'V', state: 'seen', at: 1 },
  presence: { type: 'presence', event: 'joined', name: 'E', at: 1 },
};

/** Every frame with every field of it, and of its first message, of every wrong type. */
function wrongTypes(tag: string): Buffer[] {
  const whole = FIELDS[tag] ?? {};
  const frames = Object.keys(whole).flatMap((key) => ODD.map((odd) => ({ ...whole, [key]: odd, type: tag })));
  const messages = Object.keys(message(1, '')).flatMap((key) =>
    ODD.map((odd) => ({ type: tag, messages: [{ ...message(1, 'x'), [key]: odd }], unread: 1 })),
  );
  return [...frames, ...(tag === 'deliver' ? messages : [])].map(said);
}

const BEHAVIOURS: readonly [what: string, behaviour: Behaviour][] = [
  [
    'a frame that says it is a petabyte',
    says(frame(OPCODE.text, Buffer.alloc(1), { length: 2 ** 50, fromRelay: true })),
  ],
  ['frames as large as may be without end', flood(() => said(`{"type":"later","x":"${'x'.repeat(KIB * KIB - 64)}"}`))],
  [
    'a message in fragments without end',
    flood((n) =>
      frame(n === 1 ? OPCODE.text : OPCODE.more, Buffer.alloc(32 * KIB, 0x78), { fin: false, fromRelay: true }),
    ),
  ],
  [
    'a message in fragments of one byte',
    flood((n) =>
      Buffer.concat(
        Array.from({ length: 1_000 }, (_, i) =>
          frame(n + i === 1 ? OPCODE.text : OPCODE.more, Buffer.from('x'), { fin: false, fromRelay: true }),
        ),
      ),
    ),
  ],
  [
    'a frame that is never finished',
    says(frame(OPCODE.text, Buffer.alloc(KIB * KIB - 10), { length: KIB * KIB, fromRelay: true })),
  ],
  ['a deflate bomb', says(frame(OPCODE.text, Buffer.alloc(64 * KIB), { rsv1: true, fromRelay: true }))],
  [
    'an object of as many keys as fit',
    flood(() =>
      said(`{"type":"answer","id":1,"result":{${Array.from({ length: 80_000 }, (_, n) => `"k${n}":0`).join(',')}}}`),
    ),
  ],
  [
    'JSON nested two hundred thousand deep',
    says(
      said(deep),
      said(`{"type":"answer","id":1,"result":${deep}}`),
      said(`{"type":"deliver","messages":${deep},"unread":1}`),
    ),
  ],
  [
    'answers to nothing',
    flood((n) =>
      said({ type: 'answer', id: n + 1_000_000, result: { messages: [message(n, 'x'.repeat(KIB))], more: 0 } }),
    ),
  ],
  [
    'messages that nobody asked for',
    flood((n) =>
      said({
        type: 'deliver',
        messages: Array.from({ length: 50 }, (_, i) => message(n * 50 + i, 'x'.repeat(10 * KIB))),
        unread: 1e9,
      }),
    ),
  ],
  [
    'presence of ever new names',
    flood((n) => said({ type: 'presence', event: 'joined', name: `N${n}`, at: n, kind: 'agent' })),
  ],
  [
    'receipts without end',
    flood((n) => said({ type: 'receipt', id: `m${n}`, name: `N${n}`, state: 'seen', at: n, reason: 'x'.repeat(KIB) })),
  ],
  ['that there is more, without end', flood((n) => said({ type: 'more', unread: n }))],
  [
    'errors without end',
    flood((n) => said({ type: 'error', id: n, code: 'nonsense', message: 'x'.repeat(KIB), retry: true })),
  ],
  [
    'pings without end',
    flood(() =>
      Buffer.concat(Array.from({ length: 100 }, () => frame(OPCODE.ping, Buffer.alloc(125), { fromRelay: true }))),
    ),
  ],
  [
    'bytes, bad UTF-8, and no JSON',
    says(
      frame(OPCODE.binary, Buffer.alloc(KIB), { fromRelay: true }),
      said('{'),
      frame(OPCODE.text, Buffer.alloc(KIB, 0xff), { fromRelay: true }),
    ),
  ],
  [
    'headers without end, in place of the upgrade',
    {
      raw: async (victim) => {
        victim.write('HTTP/1.1 200 OK\r\n');
        while (!victim.isGone)
          if (!victim.write(`X: ${'x'.repeat(KIB)}\r\n`)) await victim.drained();
          else await sleep(systemClock, 1);
      },
    },
  ],
  [
    'a refusal without end',
    {
      raw: async (victim) => {
        victim.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000000000000\r\n\r\n');
        while (!victim.isGone) if (!victim.write(Buffer.alloc(64 * KIB, 0x20))) await victim.drained();
      },
    },
  ],
  ['nothing at all', { raw: () => undefined }],
  ['no welcome', { speak: () => undefined }],
  ...Object.keys(FIELDS).map((tag): [string, Behaviour] => [
    `${tag} with every field of every wrong type`,
    {
      speak: (victim) => {
        if (tag !== 'welcome') victim.write(said(WELCOME));
        victim.write(Buffer.concat(wrongTypes(tag)));
      },
    },
  ]),
  ['welcomes with fields of wrong types, one a connection', welcomesInTurn()],
];

function welcomesInTurn(): Behaviour {
  const frames = wrongTypes('welcome');
  let n = 0;
  return {
    speak(victim) {
      victim.write(frames[n % frames.length] ?? said(WELCOME));
      n += 1;
    },
  };
}

const seen: number[] = [];

describe('T18: a session lives through a relay that says', () => {
  it.each(BEHAVIOURS)('%s', async (what, behaviour) => {
    const m = machine();
    const relay = await hostileRelay(behaviour);
    const session = await m.session('V', { RELAY_URL: `ws://127.0.0.1:${relay.port}`, RELAY_TOKEN: TOKEN });
    const pid = session.started.child.pid ?? 0;
    const before = residentMiB(pid);
    forgetPeak(pid);
    await sleep(systemClock, WHILE);
    const tools = await session.request('tools/list');
    expect(JSON.stringify(tools)).toContain('relay_send');
    const status = await session.tool('relay_status');
    expect(status.text.length).toBeGreaterThan(0);
    const grown = Math.max(0, Math.ceil(peakMiB(pid) - before));
    if (process.env['SECURITY_SAYS'])
      process.stderr.write(
        `${what}: ${grown} MiB, ${relay.count()} connections, ${session.started.stderr.slice(0, 300)}\n`,
      );
    expect(relay.count()).toBeGreaterThan(0);
    expect(session.started.child.exitCode).toBeNull();
    expect(session.started.stderr).not.toMatch(/unhandled|uncaught|TypeError|\bat .*\.mjs:\d/i);
    expect(grown).toBeLessThanOrEqual(MOST_MEMORY);
    seen.push(grown);
  });

  afterAll(() => record('T18', { 'hostile relays': seen.length, 'most memory of a session MiB': Math.max(...seen) }));
});

describe('T18: a command ends with one sentence at a relay that', () => {
  const endless = async (victim: Victim) => {
    victim.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"x":"');
    while (!victim.isGone) if (!victim.write(Buffer.alloc(64 * KIB, 0x78))) await victim.drained();
  };
  const answers = (status: string, body: string): Behaviour => ({
    raw: (victim) => {
      victim.write(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    },
  });
  const cases: readonly [string, Behaviour][] = [
    ['answers without end', { raw: endless }],
    ['answers nonsense', answers('200 OK', 'nonsense')],
    ['answers a list', answers('200 OK', '[]')],
    ['answers with wrong types', answers('200 OK', '{"peers":5,"sessions":"x","more":[]}')],
    ['answers too deep', answers('200 OK', deep)],
    ['sends it elsewhere', answers('301 Moved\r\nLocation: http://127.0.0.1:1/', '')],
  ];
  it.each(cases)('%s', async (_what, behaviour) => {
    const m = machine();
    const relay = await hostileRelay(behaviour);
    const { code, stderr } = await m.run(['peers'], {
      env: { RELAY_URL: `ws://127.0.0.1:${relay.port}`, RELAY_TOKEN: TOKEN },
    });
    expect(code).not.toBe(0);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toMatch(/\bat .*\.mjs:\d|TypeError/);
    expect(stderr).not.toContain(TOKEN);
  });
});
