import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codex } from '../../../src/agents/codex/program.ts';
import { Rollout, readThread, recentThreads } from '../../../src/agents/codex/rollout.ts';
import { fixedRandom } from '../../mcp/fixed-random.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const AT = Date.UTC(2026, 10, 26, 6, 11, 2);
const ID = '01a2167a-98cd-7da2-9f5a-c74145368379';

/** Lines as 0.169.0 writes them, shortened; the first one is as long as there. */
function meta(over: Readonly<Record<string, unknown>> = {}) {
  return {
    timestamp: new Date(AT + 50).toISOString(),
    ordinal: 0,
    type: 'session_meta',
    payload: {
      account_scoped: true,
      session_id: ID,
      id: ID,
      timestamp: new Date(AT).toISOString(),
      cwd: '/home/anna/"shop"',
      runtime_workspace_roots: ['/home/anna/"shop"'],
      originator: 'codex-tui',
      cli_version: '0.169.0',
      source: 'vscode',
      ...over,
      base_instructions: { text: 'You are a coding agent. "cwd":"/etc" '.repeat(600) },
    },
  };
}
const event = (type: string, at = AT) => ({
  timestamp: new Date(at).toISOString(),
  type: 'event_msg',
  payload: { type },
});
const item = (type: string, rest: object, at = AT) => ({
  timestamp: new Date(at).toISOString(),
  type: 'response_item',
  payload: { type, ...rest },
});
const said = (text: string, role = 'user') => item('message', { role, content: [{ type: 'input_text', text }] });

function folder(codexHome: string, at = AT): string {
  const day = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  const dir = join(codexHome, 'sessions', String(day.getFullYear()), two(day.getMonth() + 1), two(day.getDate()));
  mkdirSync(dir, { recursive: true });
  return dir;
}

function write(path: string, ...lines: object[]): void {
  appendFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

function make(codexHome = tempDir(), over: Readonly<Record<string, unknown>> = {}, id = ID) {
  const path = join(folder(codexHome), `rollout-2026-11-26T06-11-02-${id}.jsonl`);
  write(path, meta({ id, session_id: id, ...over }));
  return { codexHome, path };
}

describe('a rollout of Codex', () => {
  it('shows that a message is in the conversation: as a prompt, from a hook, or as the output of a tool', () => {
    const { path } = make();
    const rollout = new Rollout();
    rollout.follow(path);
    rollout.watch(['m1', 'm2', 'm3', 'm4']);
    write(path, said('id=m1'), said('id=m2', 'developer'), item('function_call_output', { output: 'id=m3' }));
    write(path, { type: 'event_msg', payload: { type: 'item_completed', item: 'id=m4' } });
    expect(Object.fromEntries(rollout.look())).toEqual({ m1: 'seen', m2: 'seen', m3: 'seen' });
  });

  it.each([
    ['says something', said('ok', 'assistant')],
    ['thinks', item('reasoning', { summary: [] })],
    ['calls a tool', item('function_call', { name: 'shell' })],
  ])('shows that its model went on: it %s', (_what, entry) => {
    const { path } = make();
    const rollout = new Rollout();
    rollout.follow(path);
    rollout.watch(['m1', 'm2', 'm3']);
    write(path, said('id=m1'), entry, said('id=m2'));
    expect(Object.fromEntries(rollout.look())).toEqual({ m1: 'answered', m2: 'seen' });
    expect(Object.fromEntries(rollout.look())).toEqual({ m2: 'seen' });
  });

  it('is searched from the moment of asking on, and further back only for what an earlier process left', () => {
    const { path } = make();
    write(path, said('id=m1'), said('id=m2'));
    const rollout = new Rollout();
    rollout.follow(path);
    rollout.watch(['m1']);
    expect(rollout.look().size).toBe(0);
    rollout.watch(['m2'], { past: true });
    expect([...rollout.look().keys()].sort()).toEqual(['m1', 'm2']);
  });

  it('shows what the thread is doing', () => {
    const { path } = make();
    const rollout = new Rollout();
    expect(rollout.activity).toBeUndefined();
    rollout.follow(path);
    write(path, event('task_started', AT + 1));
    expect(rollout.activity).toEqual({ doing: 'busy', since: AT + 1 });
    write(path, item('function_call', { name: 'shell' }, AT + 2));
    expect(rollout.activity).toEqual({ doing: 'busy', since: AT + 2, tool: 'shell' });
    write(path, item('function_call_output', { output: 'x' }, AT + 3));
    expect(rollout.activity).toEqual({ doing: 'busy', since: AT + 3 });
    write(path, event('task_complete', AT + 4));
    expect(rollout.activity).toEqual({ doing: 'idle', since: AT + 4 });
    write(path, event('task_started', AT + 5), event('turn_aborted', AT + 6));
    expect(rollout.activity).toEqual({ doing: 'idle', since: AT + 6 });
  });
});

describe('the threads of the day', () => {
  it('are told by the beginning of their first line', () => {
    const { path } = make();
    expect(readThread(path)).toEqual({ id: ID, path, cwd: '/home/anna/"shop"', startedAt: AT, isExec: false });
  });

  it.each([
    [{ originator: 'codex_exec' }, true],
    [{ source: 'exec' }, true],
    [{ originator: 'codex_vscode', source: 'vscode' }, false],
  ])('tell with %j whether they end with their task: %s', (over, isExec) => {
    expect(readThread(make(tempDir(), over).path)?.isExec).toBe(isExec);
  });

  it.each([
    '',
    '{}',
    '{"type":"session_meta"}',
    'no json',
    '{"type":"session_meta","payload":{"id":"x","cwd":"/a","timestamp":"never"}}',
  ])('are not made up from %j', (text) => {
    const path = join(tempDir(), 'rollout-x.jsonl');
    writeFileSync(path, text);
    expect(readThread(path)).toBeUndefined();
    expect(readThread(join(tempDir(), 'none'))).toBeUndefined();
  });

  it('are those of yesterday, too', () => {
    const { codexHome } = make();
    expect(recentThreads(codexHome, AT + 20 * 3_600_000)).toHaveLength(1);
    expect(recentThreads(codexHome, AT + 80 * 3_600_000)).toHaveLength(0);
    expect(recentThreads(tempDir(), AT)).toEqual([]);
  });
});

describe('which thread a session process serves', () => {
  function beside(codexHome: string, over: { cwd?: string; startedAt?: number } = {}) {
    const clock = new FakeClock(AT + 1_000);
    const found = codex.beside?.({
      env: { CODEX_HOME: codexHome, PATH: '' },
      parent: 0,
      pid: 1,
      cwd: '/home/anna/"shop"',
      userHome: '/nowhere',
      startedAt: AT + 300,
      clock,
      random: fixedRandom(),
      run: async () => ({ code: 0, stdout: '', stderr: '' }),
      notify: () => false,
      log: () => undefined,
      ...over,
    });
    if (!found) throw new Error('nothing is beside');
    return { ...found, clock };
  }

  it('is the one that began with it, in its directory', () => {
    const { codexHome, path } = make();
    write(path, event('task_complete', AT + 5));
    expect(beside(codexHome).activity?.()).toEqual({ doing: 'idle', since: AT + 5 });
    expect(beside(codexHome, { cwd: '/elsewhere' }).activity?.()).toBeUndefined();
    expect(beside(codexHome, { startedAt: AT + 60_000 }).activity?.()).toBeUndefined();
  });

  it('is none of two that fit', () => {
    const { codexHome, path } = make();
    write(path, event('task_complete'));
    write(make(codexHome, {}, '01a2167a-98cd-7da2-9f5a-c74145368380').path, event('task_complete'));
    expect(beside(codexHome).activity?.()).toBeUndefined();
  });

  it('is what a hook or a call says, whatever fits', () => {
    const { codexHome, path } = make();
    write(path, event('task_complete'));
    const other = make(codexHome, { cwd: '/x' }, '01a2167a-98cd-7da2-9f5a-c74145368380').path;
    write(other, event('task_started', AT + 9));
    const it = beside(codexHome);
    it.bound?.({ session: '01a2167a-98cd-7da2-9f5a-c74145368380' });
    expect(it.activity?.()).toEqual({ doing: 'busy', since: AT + 9 });
    it.bound?.({ session: ID, transcript: path });
    expect(it.activity?.()?.doing).toBe('idle');
  });

  it('is looked for again until it is there, since it is written with its first turn', () => {
    const codexHome = tempDir();
    const it = beside(codexHome);
    expect(it.activity?.()).toBeUndefined();
    const { path } = make(codexHome);
    write(path, event('task_started', AT + 1));
    expect(it.activity?.()).toBeUndefined();
    it.clock.advance(1_000);
    expect(it.activity?.()?.doing).toBe('busy');
  });

  it('gives no door to one that ends with its task', () => {
    const { codexHome } = make(tempDir(), { originator: 'codex_exec' });
    const it = beside(codexHome);
    it.bound?.({ session: ID });
    expect(it.doors.map((door) => door.isOpen())).toEqual([false, false]);
  });
});
