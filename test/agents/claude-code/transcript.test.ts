import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClaudeTranscript } from '../../../src/agents/claude-code/transcript.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Lines as 2.1.330 writes them, shortened. */
const line = {
  enqueue: (id: string) => ({
    type: 'queue-operation',
    operation: 'enqueue',
    timestamp: '2026-11-26T05:46:53.883Z',
    content: `<cross-session-message from="relay:CC-9" from-name="CC-9">\n<message-k7f2m id=${id}>\n</cross-session-message>`,
  }),
  dequeue: { type: 'queue-operation', operation: 'dequeue', timestamp: '2026-11-26T05:46:53.895Z' },
  absorbed: (id: string) => ({
    type: 'queue-operation',
    operation: 'remove',
    reason: 'absorbed_mid_turn',
    content: `id=${id}`,
  }),
  user: (id: string) => ({
    type: 'user',
    isSidechain: false,
    message: { role: 'user', content: `Another Claude session sent a message:\n id=${id}>` },
  }),
  queued: (id: string) => ({
    type: 'attachment',
    attachment: { type: 'queued_command', prompt: `id=${id}`, commandMode: 'prompt' },
  }),
  result: (id: string, call = 'toolu_1') => ({
    type: 'user',
    timestamp: '2026-11-26T05:47:09.000Z',
    message: {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: call, content: `<message-aaaaa id=${id}>` }],
    },
  }),
  use: (call: string, name: string, at = '2026-11-26T05:47:05.000Z') => ({
    type: 'assistant',
    timestamp: at,
    message: {
      role: 'assistant',
      content: [
        { type: 'text', text: 'x' },
        { type: 'tool_use', id: call, name, input: {} },
      ],
    },
  }),
  lastPrompt: (id: string) => ({ type: 'last-prompt', lastPrompt: `id=${id}` }),
  request: (id: string) => ({ type: 'api-request-blob', message: { role: 'user', content: `id=${id}` } }),
  failed: { type: 'assistant', isApiErrorMessage: true, message: { role: 'assistant', content: 'API Error' } },
  helper: { type: 'assistant', isSidechain: true, message: { role: 'assistant', content: 'Done.' } },
  held: {
    type: 'system',
    subtype: 'informational',
    content:
      'Held peer message — from an unidentified session [verified pid 456] (peer claims name: CC-9); preview: «1 mess…» — not delivered to Claude (1 held).',
  },
};

function make(before: readonly object[] = []) {
  const path = join(tempDir(), 's.jsonl');
  writeFileSync(path, before.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const transcript = new ClaudeTranscript();
  transcript.follow(path);
  const write = (...lines: (object | string)[]) =>
    appendFileSync(path, lines.map((each) => (typeof each === 'string' ? each : `${JSON.stringify(each)}\n`)).join(''));
  const look = () => Object.fromEntries(transcript.look());
  return { path, transcript, write, look };
}

describe('a transcript of Claude Code', () => {
  it('shows that a message was taken in, and then that the model has it', () => {
    const { transcript, write, look } = make();
    transcript.watch(['m1', 'm2']);
    expect(look()).toEqual({});
    write(line.enqueue('m1'));
    expect(look()).toEqual({ m1: 'queued' });
    write(line.dequeue, line.user('m1'));
    expect(look()).toEqual({ m1: 'seen' });
  });

  it('shows that its model went on with it; an error of its API is not that, nor what a helper says', () => {
    const { transcript, write, look } = make();
    transcript.watch(['m1']);
    write(line.user('m1'), line.failed, line.helper);
    expect(look()).toEqual({ m1: 'seen' });
    write(line.use('toolu_1', 'Read'));
    expect(look()).toEqual({ m1: 'answered' });
    expect(look()).toEqual({});
  });

  it.each([
    ['a turn that it began', line.user('m1')],
    ['a message between two tool calls', line.queued('m1')],
    ['the result of a tool', line.result('m1')],
  ])('takes %s for the conversation', (_what, entry) => {
    const { transcript, write, look } = make();
    transcript.watch(['m1']);
    write(entry);
    expect(look()).toEqual({ m1: 'seen' });
  });

  it.each([
    ['a prompt to be recalled', line.lastPrompt('m1')],
    ['a request that is written down', line.request('m1')],
    ['what left the queue', line.absorbed('m1')],
    ['another id that begins the same', line.user('m0')],
  ])('does not take %s for the conversation', (_what, entry) => {
    const { transcript, write, look } = make();
    transcript.watch(['m1']);
    write(entry);
    expect(look()).toEqual({});
  });

  it('shows what its policy holds back', () => {
    const { transcript, write, look } = make();
    transcript.watch(['m1']);
    write(line.held);
    expect(look()).toEqual({ m1: 'held' });
    write(line.user('m1'));
    expect(look()).toEqual({ m1: 'seen' });
  });

  it('is searched from the moment of asking on, and further back only for what an earlier process left', () => {
    const { transcript, write, look } = make([line.user('m1'), line.user('m2')]);
    write(line.user('m3'));
    transcript.watch(['m1', 'm3']);
    expect(look()).toEqual({});
    transcript.watch(['m2', 'm3', 'm4'], { past: true });
    expect(look()).toEqual({ m2: 'seen', m3: 'seen', m1: 'seen' });
  });

  it('is read line by line, also one that comes in pieces, has odd letters, or is no JSON', () => {
    const { transcript, write, look } = make();
    transcript.watch(['m1', 'm2']);
    const text = JSON.stringify({ ...line.user('m1'), odd: '☃'.repeat(50) });
    write(text.slice(0, 30));
    expect(look()).toEqual({});
    write(text.slice(30), '\n', 'no json m2\n', '\n', '[]\n');
    expect(look()).toEqual({ m1: 'seen' });
  });

  it('knows the tool that runs, and since when', () => {
    const { transcript, write } = make();
    expect(transcript.tool).toBeUndefined();
    write(line.use('toolu_1', 'Bash'));
    expect(transcript.tool).toEqual({ name: 'Bash', since: Date.UTC(2026, 10, 26, 5, 47, 5) });
    write(line.use('toolu_2', 'Read'), line.result('x', 'toolu_2'));
    expect(transcript.tool?.name).toBe('Bash');
    write(line.result('x', 'toolu_1'));
    expect(transcript.tool).toBeUndefined();
    write({ ...line.use('toolu_3', 'Grep'), isSidechain: true });
    expect(transcript.tool).toBeUndefined();
  });

  it('that is not there yet, or was cut, is read when it is', () => {
    const path = join(tempDir(), 'later.jsonl');
    const transcript = new ClaudeTranscript();
    transcript.follow(path);
    transcript.watch(['m1', 'm2']);
    expect(transcript.look().size).toBe(0);
    writeFileSync(path, `${JSON.stringify(line.user('m1'))}\n${JSON.stringify(line.user('m0'))}\n`);
    expect([...transcript.look().keys()]).toEqual(['m1']);
    writeFileSync(path, `${JSON.stringify(line.user('m2'))}\n`);
    expect([...transcript.look().keys()]).toEqual(['m1', 'm2']);
  });

  it('is another file after the conversation was cleared', () => {
    const [old, now] = [make(), make([line.user('m1')])];
    old.transcript.watch(['m1']);
    old.transcript.follow(now.path);
    old.write(line.user('m1'));
    expect(old.look()).toEqual({});
    now.write(line.user('m1'));
    expect(old.look()).toEqual({ m1: 'seen' });
  });
});
