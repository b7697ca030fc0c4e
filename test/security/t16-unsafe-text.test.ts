/** T16: 500 texts through every place where foreign text reaches a terminal, a log or a model. */
import { describe, expect, it } from 'vitest';
import { PROGRAMS } from '../../src/agents/programs.ts';
import { presenceWords, printMessage, sent } from '../../src/cli/words.ts';
import { pluginDialect } from '../../src/delivery/plugin-dialect.ts';
import { whyWaiting } from '../../src/delivery/remark.ts';
import { composeWith } from '../../src/mcp/delivered.ts';
import { openLog as openSessionLog } from '../../src/mcp/log.ts';
import { failure } from '../../src/mcp/next-step.ts';
import { structuredMessages, wrapMessages } from '../../src/mcp/render.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { SessionInfo } from '../../src/protocol/session.ts';
import { openLog as openRelayLog } from '../../src/serve/log.ts';
import { Failure } from '../../src/util/failure.ts';
import { AT, envelope } from '../mcp/fake-session.ts';
import { fixedRandom } from '../mcp/fixed-random.ts';
import { connect, textOf } from '../mcp/harness.ts';
import { atRelay } from '../support/at-relay.ts';
import { commandLine, textOutput } from '../support/command-line.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { UNSAFE, unsafeTexts } from './unsafe-texts.ts';

const TEXTS = unsafeTexts(500);

/** A message whose every word is the sender's. */
function hostile(text: string): Envelope {
  return envelope({
    position: 1,
    id: text,
    from: text,
    to: [text, '#build'],
    body: text,
    thread: text,
    reply_to: text,
    attachments: [{ name: text }],
  });
}

/** What a session says of itself. */
function about(text: string) {
  const said = { program: text, version: text, host: text, cwd: text, door: text, tool: text };
  return { name: text, kind: 'agent', doing: 'busy', doing_since: AT, ...said } as const;
}

function session(text: string): SessionInfo {
  return { here: true, last_seen: AT, ...about(text) };
}

function printed(work: (out: ReturnType<typeof textOutput>['out']) => void, json = false): string {
  const { out, stdout, stderr } = textOutput({ tty: true, noColor: true, json });
  work(out);
  return stdout.text + stderr.text;
}

const reach = (text: string) => ({ address: text, recipients: 3, here: 1, absent: [text] });

/** What each place makes of a foreign text. */
const SINKS: Readonly<Record<string, (text: string) => string>> = {
  'a line': (text) => printed((out) => out.line(text)),
  'a block': (text) => printed((out) => out.block(text)),
  pieces: (text) => printed((out) => out.pieces([{ text }, { text, style: 'cyan' }])),
  'a table': (text) => printed((out) => out.table([text], [[text, { text, style: 'dim' }]])),
  talk: (text) => printed((out) => out.say(text, 'dim')),
  'a warning': (text) => printed((out) => out.warn(text)),
  'an error of this machine': (text) => printed((out) => out.fail(new Failure('usage', text, text))),
  'an error of the relay': (text) => printed((out) => out.fail(new RelayError('internal', text))),
  'an error of Node': (text) => printed((out) => out.fail(new Error(text))),
  'JSON on stdout': (text) => printed((out) => out.json({ [text]: text, messages: [hostile(text)] }), true),
  'a message': (text) => printed((out) => printMessage(out, hostile(text))),
  'who came': (text) =>
    printed((out) => out.line(presenceWords({ type: 'presence', at: AT, event: 'joined', ...about(text) }))),
  'what they do': (text) =>
    printed((out) => out.line(presenceWords({ type: 'presence', at: AT, event: 'doing', ...about(text) }))),
  'who was renamed': (text) =>
    printed((out) =>
      out.line(presenceWords({ type: 'presence', at: AT, event: 'renamed', name: text, was: text, kind: 'agent' })),
    ),
  'what became of a send': (text) =>
    printed((out) => out.line(sent({ id: text, position: 1, at: AT, to: [reach(text), reach(`#${text}`)] }))),
  'the wrapper': (text) => wrapMessages([hostile(text)], fixedRandom()),
  'the wrapper, shortened': (text) => wrapMessages([hostile(text.repeat(9))], fixedRandom(), 10),
  'the structured form': (text) => values(structuredMessages([hostile(text)], {})).join('\n'),
  'mail that comes by itself': (text) => composeWith(fixedRandom())([hostile(text)], { more: 3, longest: 4_000 }),
  'an error for a model': (text) => failure(new RelayError('bad_request', text)),
  'why it is unread': (text) =>
    whyWaiting({
      obstacle: undefined,
      activity: { doing: 'busy', since: AT, tool: text },
      doorless: undefined,
      budget: 3,
      budgetWait: 1,
    }),
  'the log of the relay': (text) => {
    let lines = '';
    const log = openRelayLog('debug', { write: (line) => (lines += line) });
    log.warn({ [text]: text, error: new Error(text) }, text);
    return lines;
  },
};

/** Every text in a value. */
function values(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(values);
}

const shown = (text: string) => JSON.stringify(text).slice(0, 120);

describe('T16: 500 unsafe texts', () => {
  it('are 500, and each of them is unsafe', () => {
    expect(new Set(TEXTS).size).toBeGreaterThan(450);
    expect(TEXTS.filter((text) => !UNSAFE.test(text)).map(shown)).toEqual([]);
  });

  it.each(Object.entries(SINKS))('are made safe by %s', (_where, sink) => {
    const leaks = TEXTS.map((text) => sink(text)).filter((seen) => UNSAFE.test(seen));
    expect(leaks.map(shown)).toEqual([]);
  });

  it('are made safe by the log of a session process', async () => {
    let lines = '';
    const log = await openSessionLog('debug', new FakeClock(), { write: (line) => (lines += line) });
    for (const text of TEXTS) log(`refused ${text}`);
    expect(lines.split('\n')).toHaveLength(TEXTS.length + 1);
    expect(lines).not.toMatch(UNSAFE);
  });

  it('are made safe by the words of every hook', () => {
    const compose = composeWith(fixedRandom());
    const dialects = PROGRAMS.flatMap(({ id, dialect }) => (dialect ? [[id, dialect] as const] : []));
    expect(dialects.length).toBeGreaterThanOrEqual(4);
    const kinds = ['start', 'prompt', 'tool', 'turn-end', 'wait'] as const;
    let said = 0;
    for (const text of TEXTS)
      for (const [id, dialect] of [...dialects, ['plugin', pluginDialect] as const])
        for (const kind of kinds) {
          const event = { program: id, event: 'Any', input: {} };
          const reply = dialect.say(event, { kind }, compose([hostile(text)], { more: 0, longest: 4_000 }));
          const seen = `${reply?.stdout ?? ''}${reply?.stderr ?? ''}`;
          if (seen !== '') said += 1;
          if (UNSAFE.test(seen)) throw new Error(`${id} at ${kind}: ${shown(seen)}`);
        }
    expect(said).toBeGreaterThan(TEXTS.length * dialects.length);
  });

  it('are made safe by every tool, in text and in structure', { timeout: 120_000 }, async () => {
    const { client, host } = await connect('legacy');
    const { session: fake } = host;
    for (const text of TEXTS) {
      const info = session(text);
      const error = new RelayError('unknown_recipient', text);
      Object.assign(fake.answers, {
        peers: { peers: [info], more: 2 },
        sessions: { sessions: [info], more: 2 },
        rooms: { rooms: [{ room: text, members: 2, here: 1, joined: true }], members: [info] },
        history: { messages: [hostile(text)], more: true },
        inbox: { messages: [hostile(text)], more: 1, unread: 1 },
        status: { name: text, unread: 1, rooms: [text], here: 1, sessions: 2, missed: 0 },
        receipts: {
          sends: [
            {
              id: text,
              to: [text],
              at: AT,
              states: { seen: 1 },
              preview: text,
              unseen: [{ name: text, reason: text }],
            },
          ],
        },
        rename: error,
        join: error,
      });
      Object.assign(fake.state, { name: text, wanted: `${text}x`, trouble: text, relay: text, connected: false });
      fake.state.refused = [{ id: text, to: [text], reason: text }];
      fake.onSend = () => ({ id: text, position: 1, at: AT, to: [reach(text), reach(`#${text}`)] });
      fake.deliver(hostile(text));
      const calls: [string, Record<string, unknown>][] = [
        ['relay_receive', {}],
        ['relay_history', {}],
        ['relay_peers', {}],
        ['relay_sessions', {}],
        ['relay_status', {}],
        ['relay_room', { action: 'list' }],
        ['relay_room', { action: 'join', room: '#x' }],
        ['relay_rename', { name: 'CC-9' }],
        ['relay_send', { to: 'CC-2', message: 'x' }],
      ];
      for (const [name, args] of calls) {
        fake.state.notice = text;
        const answer = await client.callTool({ name, arguments: args });
        const seen = [textOf(answer), ...values(answer.structuredContent)].join('\n');
        if (UNSAFE.test(seen)) throw new Error(`${name}: ${shown(seen)}`);
      }
      const { contents } = await client.readResource({ uri: 'relay://inbox' });
      expect(values(contents).join('\n')).not.toMatch(UNSAFE);
    }
    await client.close();
  });

  it('are made safe by the commands that show messages', { timeout: 120_000 }, async () => {
    const at = await atRelay();
    await at.ok(['status', '--as', 'CC-2']);
    const writer = await at.relay.client('CC-1');
    for (const text of TEXTS) await writer.ask('send', { to: ['CC-2'], body: text });
    const options = { tty: true, env: { NO_COLOR: '1' } };
    const seen = [
      await at.run(['history', '--count', '200', '--as', 'CC-2'], options),
      await at.run(['history', '--count', '200', '--json', '--as', 'CC-2'], options),
      await at.run(['receive', '--count', '200', '--as', 'CC-2'], options),
      await at.run(['receive', '--count', '200', '--json', '--as', 'CC-2'], options),
      await at.run(['sessions'], options),
    ];
    for (const { code, out, err } of seen) {
      expect(code).toBe(0);
      expect(out + err).not.toMatch(UNSAFE);
    }
    expect(seen[0]?.out.length).toBeGreaterThan(2_000);
  });

  it('are made safe by what the parser says of a command line', async () => {
    for (const text of TEXTS.slice(0, 100)) {
      const { out, err } = await commandLine([`x${text}`, `--y${text}`], { home: tempDir() });
      expect(err).not.toBe('');
      expect(out + err).not.toMatch(UNSAFE);
    }
  });
});
