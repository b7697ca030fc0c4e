import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { remedyFor } from '../../../src/cli/checks/remedy.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { SessionInfo } from '../../../src/protocol/session.ts';
import { commandLine } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SCRIPT = '/opt/claude-relay/dist/cli.mjs';

function around(over: { home?: string; script?: string } = {}) {
  const { home = tempDir(), script = SCRIPT } = over;
  const env = { CLAUDE_RELAY_HOME: home };
  const config = loadConfig({ where: ['cli'], env });
  return { env, config, platform: 'linux' as const, userHome: join(home, 'user'), node: '/usr/bin/node', script };
}

const agent = (more: Partial<SessionInfo> = {}): SessionInfo => ({
  name: 'CC-1',
  kind: 'agent',
  here: true,
  last_seen: 0,
  program: 'claude-code',
  host: hostname(),
  ...more,
});

describe('what to do about a session that nothing wakes', () => {
  it('is to install the relay into its program', () => {
    expect(remedyFor(around(), agent())).toBe('not installed: claude-relay install claude-code');
    expect(remedyFor(around(), agent({ program: 'codex-mcp-client' }))).toBe(
      'not installed: claude-relay install codex',
    );
    expect(remedyFor(around(), agent({ program: 'gemini' }))).toBe('not installed: claude-relay install gemini');
  });

  it('is to start it again, and what its vendor wants, where it is installed', async () => {
    const home = tempDir();
    const { code } = await commandLine(['install', 'codex', 'claude-code'], { home });
    expect(code).toBe(0);
    expect(remedyFor(around({ home }), agent({ program: 'codex' }))).toMatch(
      /^It is installed; a program reads its hooks when it starts\. .*\/hooks/,
    );
    expect(remedyFor(around({ home }), agent())).toBe('It is installed; a program reads its hooks when it starts.');
  });

  it('is to install it again where that was done by another version', async () => {
    const home = tempDir();
    await commandLine(['install', 'codex'], { home });
    expect(
      remedyFor(around({ home, script: '/elsewhere/claude-relay/dist/cli.mjs' }), agent({ program: 'codex' })),
    ).toBe('out of date: claude-relay install codex');
  });

  it('is what is wrong with its files, where they cannot be read', () => {
    const home = tempDir();
    mkdirSync(join(home, 'user'));
    writeFileSync(join(home, 'user/.claude.json'), '{ "broken": ');
    expect(remedyFor(around({ home }), agent())).toMatch(/\.claude\.json/);
  });

  it('cannot be told by a copy that goes away', () => {
    expect(remedyFor(around({ script: '/home/anna/.npm/_npx/1/cli.mjs' }), agent())).toMatch(/npm install -g/);
  });

  it('is told for the machine that it runs on', () => {
    const says = 'Look at what is installed on mill: claude-relay install';
    expect(remedyFor(around(), agent({ host: 'mill' }))).toBe(says);
    const { host: _, ...unknown } = agent();
    expect(remedyFor(around(), unknown)).toMatch(/ on its machine: /);
  });
});

describe('there is nothing to do about', () => {
  it.each([
    ['one with a door', agent({ door: 'inbox socket' })],
    ['one that is away', agent({ here: false })],
    ['a person', agent({ kind: 'person' })],
    ['a program that nobody knows', agent({ program: 'my-own-client' })],
    ['a program that nothing wakes, whose hooks work', agent({ program: 'gemini', doing: 'idle' })],
  ])('%s', (_what, peer) => {
    expect(remedyFor(around(), peer)).toBeUndefined();
  });

  it('but there is about one that tells what it does and could be woken', () => {
    expect(remedyFor(around(), agent({ doing: 'idle' }))).toMatch(/^not installed/);
  });
});
