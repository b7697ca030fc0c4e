import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Remote } from '../../../src/cli/connect/remote.ts';
import { bringCredential, type Credential, returnCredential } from '../../../src/cli/connect/remote-credential.ts';
import { statePaths } from '../../../src/config/paths.ts';
import type { Runner } from '../../../src/util/run.ts';
import { tempDir } from '../../support/temp-dir.ts';

const TOKEN = { theirs: 't'.repeat(43), own: 'o'.repeat(43), later: 'l'.repeat(43) };
const RELAY = { url: 'ws://localhost:9999', port: 9999, version: '1', home: "/home/it's/.claude-relay" };

/** A state directory that brings what the other machine has. */
function bringing(stdout = `${TOKEN.theirs}\n`) {
  const home = tempDir();
  const path = statePaths(home).token;
  const scripts: string[] = [];
  const run: Runner = async (_program, _args, input = '') => {
    scripts.push(input);
    return { code: 0, stdout, stderr: '' };
  };
  let kept: Credential | undefined;
  const changes: Credential[] = [];
  return {
    home,
    scripts,
    changes,
    put: (token: string) => writeFileSync(path, `${token}\n`, { mode: 0o600 }),
    remove: () => rmSync(path),
    token: () => (existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined),
    mode: () => lstatSync(path).mode & 0o777,
    back: () => kept !== undefined && returnCredential(home, kept),
    bring: () =>
      bringCredential({
        home,
        remote: new Remote({ target: 'me@relay', options: [] }, run),
        program: { words: ['claude-relay'], path: '/bin', version: '1' },
        relay: RELAY,
        url: 'ws://127.0.0.1:9999',
        kept,
        onChange: (credential) => {
          // What it says is written down before anything is changed.
          changes.push(credential);
          kept = credential;
        },
      }),
  };
}

describe('the credential of a connection', () => {
  it('is read where the relay there keeps it, and kept 0600', async () => {
    const it = bringing();
    await it.bring();
    expect([it.token(), it.mode()]).toEqual([TOKEN.theirs, 0o600]);
    expect(it.scripts).toEqual(["exec cat '/home/it'\\''s/.claude-relay/token' </dev/null\n"]);
    expect(JSON.stringify(it.changes)).not.toContain(TOKEN.theirs);
    it.back();
    it.back();
    expect(it.token()).toBeUndefined();
  });

  it('twice is the same as once', async () => {
    const it = bringing();
    it.put(TOKEN.own);
    await it.bring();
    await it.bring();
    expect(it.changes).toHaveLength(1);
    it.back();
    expect(it.token()).toBe(TOKEN.own);
  });

  it('gives back the one of before, also when it was brought anew meanwhile', async () => {
    const it = bringing();
    it.put(TOKEN.own);
    await it.bring();
    it.remove();
    await it.bring();
    it.back();
    expect(it.token()).toBe(TOKEN.own);
  });

  it('takes one that came later for the one of before', async () => {
    const it = bringing();
    await it.bring();
    it.put(TOKEN.later);
    await it.bring();
    it.back();
    expect(it.token()).toBe(TOKEN.later);
  });

  it('leaves one that came later, and one that is gone', async () => {
    const it = bringing();
    await it.bring();
    it.put(TOKEN.later);
    it.back();
    expect(it.token()).toBe(TOKEN.later);
    it.remove();
    it.back();
    expect(it.token()).toBeUndefined();
  });

  it.each(['', 'short', 'two\nlines'.repeat(5), `${'x'.repeat(20)} and more`])(
    'that reads %j is none',
    async (text) => {
      const it = bringing(text);
      it.put(TOKEN.own);
      await expect(it.bring()).rejects.toThrow('The relay on me@relay has no token that could be used.');
      expect([it.token(), it.changes]).toEqual([TOKEN.own, []]);
    },
  );
});
