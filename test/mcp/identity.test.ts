import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentEnvironment } from '../../src/agents/environment.ts';
import { Names } from '../../src/client/names.ts';
import { SessionIdentity } from '../../src/mcp/identity.ts';
import { systemClock } from '../../src/util/clock.ts';

let home: string;
let names: Names;
let logged: string[];
const used = new Set<string>();

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'identity-'));
  names = new Names(join(home, 'names.json'), systemClock);
  logged = [];
  used.clear();
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

function identity(options: { clientId?: string; agent?: AgentEnvironment; cwd?: string } = {}): SessionIdentity {
  return new SessionIdentity({
    names,
    cwd: options.cwd ?? '/work/shop',
    agent: options.agent ?? {},
    clientId: options.clientId,
    pid: 42,
    isUsed: (name) => used.has(name),
    log: (message) => logged.push(message),
  });
}

const remembered = (session: string, cwd = '/work/shop') => vi.waitUntil(() => names.find(cwd, session));

describe('the name that a process wants', () => {
  it('is the one that somebody chose', () => {
    expect(identity({ clientId: 'CC-1' }).wanted).toMatchObject({ name: 'CC-1' });
  });

  it('is made of host and process when nobody did', () => {
    expect(identity().wanted).toMatchObject({ name: expect.stringMatching(/-42$/), source: 'made' });
  });

  it('is the one that this conversation had in this directory', async () => {
    const agent = { program: 'claude-code', agentSession: 's-1' };
    identity({ agent }).holds('builder');
    await remembered('s-1');
    expect(identity({ agent }).wanted).toEqual({ name: 'builder', source: 'before' });
    expect(identity({ agent, cwd: '/work/other' }).wanted.source).toBe('made');
    expect(identity({ agent: { agentSession: 's-2' } }).wanted.source).toBe('made');
    expect(identity({ agent, clientId: 'CC-1' }).wanted.name).toBe('CC-1');
  });

  it('is not one that another conversation had with the same process id', () => {
    const before = identity().wanted.name;
    used.add(before);
    const { name, source } = identity().wanted;
    expect([source, name.slice(0, before.length + 1)]).toEqual(['made', `${before}-`]);
    expect(name).toMatch(/-42-[0-9a-z]{4}$/);
  });

  it('is made though nobody can tell whether it was used', () => {
    vi.spyOn(used, 'has').mockImplementationOnce(() => {
      throw new Error('EMFILE');
    });
    expect(identity().wanted.name).toMatch(/-42$/);
    expect(logged).toEqual(['keys: Error: EMFILE']);
  });

  it('is the one under which a send waits that no relay has taken', async () => {
    const agent = { agentSession: 's-1' };
    const first = identity({ agent });
    first.keeps();
    await remembered('s-1');
    used.add(first.wanted.name);
    expect(identity({ agent }).wanted).toEqual({ name: first.wanted.name, source: 'before' });
  });

  it('is that one, too, where only a call tells of the conversation', async () => {
    const first = identity();
    first.keeps();
    first.calledWith({ threadId: 't-1' });
    await remembered('t-1');
    expect(names.find('/work/shop', 't-1')).toBe(first.wanted.name);
  });

  it('is not taken by a send that waits from the one that the conversation had', async () => {
    const agent = { agentSession: 's-1' };
    const first = identity({ agent });
    identity({ agent }).holds('builder');
    await remembered('s-1');
    first.keeps();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(names.find('/work/shop', 's-1')).toBe('builder');
  });

  it('does not depend on a readable names file', () => {
    writeFileSync(join(home, 'names.json'), '{broken', { mode: 0o600 });
    expect(identity({ agent: { agentSession: 's-1' } }).wanted.source).toBe('made');
  });

  it('does not depend on a safe names file', () => {
    writeFileSync(join(home, 'names.json'), '{}', { mode: 0o644 });
    expect(identity({ agent: { agentSession: 's-1' } }).wanted.source).toBe('made');
    expect(logged.join()).toMatch(/names\.json/);
  });
});

describe('a name that was granted', () => {
  it('is not kept for a process that knows no conversation', async () => {
    const one = identity();
    one.holds('CC-1');
    one.calledWith({});
    expect(() => readFileSync(join(home, 'names.json'))).toThrow();
  });

  it('is kept for the thread that a call names', async () => {
    const one = identity({ clientId: 'CX-1' });
    one.holds('CX-1');
    one.calledWith({ threadId: 't-1' });
    expect(await remembered('t-1')).toBe('CX-1');
  });

  it('is kept for the first thread only: a process is one session', async () => {
    const one = identity({ clientId: 'CX-1' });
    one.holds('CX-1');
    one.calledWith({ threadId: 't-1' });
    await remembered('t-1');
    one.calledWith({ threadId: 't-2' });
    expect(names.find('/work/shop', 't-2')).toBeUndefined();
  });

  it('is kept when the call came before the relay', async () => {
    const one = identity({ clientId: 'CX-1' });
    one.calledWith({ threadId: 't-1' });
    one.holds('CX-1');
    expect(await remembered('t-1')).toBe('CX-1');
  });

  it('that was only made up does not take the place of an earlier one', async () => {
    await names.remember('/work/shop', 't-1', 'builder');
    const one = identity();
    one.holds('host-42');
    one.calledWith({ threadId: 't-1' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(names.find('/work/shop', 't-1')).toBe('builder');
  });

  it('after a renaming is the new one', async () => {
    const one = identity({ agent: { agentSession: 's-1' } });
    one.holds('a');
    await remembered('s-1');
    one.holds('b');
    await vi.waitUntil(() => names.find('/work/shop', 's-1') === 'b');
  });
});
