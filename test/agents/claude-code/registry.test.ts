import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claudeConfigDir, SessionRegistry } from '../../../src/agents/claude-code/registry.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** As 2.1.330 writes it, with the fields that nobody here reads. */
const ENTRY = {
  pid: 37,
  sessionId: 'dcea5911-7b4d-4194-b2c6-4556c14249de',
  cwd: '/home/anna/shop',
  startedAt: 1_795_672_011_149,
  version: '2.1.330',
  peerProtocol: 1,
  kind: 'interactive',
  entrypoint: 'cli',
  messagingSocketPath: '/tmp/cc-socks/37.sock',
  name: 'shop-6a',
  status: 'idle',
  updatedAt: 1_795_672_011_236,
  statusUpdatedAt: 1_795_672_011_236,
};

function make() {
  const config = tempDir();
  const path = join(config, 'sessions', '37.json');
  mkdirSync(join(config, 'sessions'));
  let written = 1_000;
  const write = (text: string | object) => {
    writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text));
    // Two writes of one millisecond are two writes.
    written += 1;
    utimesSync(path, written, written);
  };
  return { path, write, registry: new SessionRegistry(config, 37) };
}

describe('the session file of Claude Code', () => {
  it('that cannot be looked at says nothing', () => {
    const { registry, path } = make();
    symlinkSync(path, path); // ELOOP
    expect(registry.read()).toEqual({});
  });

  it('says what the session does, since when, and where its inbox is', () => {
    const { registry, write } = make();
    expect(registry.read()).toEqual({});
    write(ENTRY);
    expect(registry.read()).toEqual({
      activity: { doing: 'idle', since: ENTRY.statusUpdatedAt },
      socket: ENTRY.messagingSocketPath,
      session: ENTRY.sessionId,
    });
    write({ ...ENTRY, status: 'waiting', waitingFor: 'permission prompt', statusUpdatedAt: 5 });
    expect(registry.read().activity).toEqual({ doing: 'waiting', since: 5 });
  });

  it.each(['dreaming', 5, null, undefined])('says nothing with a status that we do not know: %j', (status) => {
    const { registry, write } = make();
    write({ ...ENTRY, status });
    expect(registry.read()).not.toHaveProperty('activity');
    expect(registry.read().socket).toBe(ENTRY.messagingSocketPath);
  });

  it('that is caught half written still says what it said before, and is read again', () => {
    const { registry, write } = make();
    write(ENTRY);
    registry.read();
    write(JSON.stringify(ENTRY).slice(0, 40));
    expect(registry.read().activity?.doing).toBe('idle');
    writeFileSync(make().path, '');
    write({ ...ENTRY, status: 'busy' });
    expect(registry.read().activity?.doing).toBe('busy');
  });

  it('that is gone says nothing', () => {
    const { registry, write, path } = make();
    write(ENTRY);
    registry.read();
    rmSync(path);
    expect(registry.read()).toEqual({});
  });

  it('lies where the program says', () => {
    expect(claudeConfigDir({ CLAUDE_CONFIG_DIR: '/elsewhere' }, '/home/anna')).toBe('/elsewhere');
    expect(claudeConfigDir({ CLAUDE_CONFIG_DIR: '' }, '/home/anna')).toBe('/home/anna/.claude');
  });
});
