/** `restore`, interrupted and of what was set aside; and what the commands say about damaged data. No relay runs. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyData } from '../../../src/data/copy.ts';
import { restoreData } from '../../../src/data/restore.ts';
import { systemRandom } from '../../../src/util/random.ts';
import { someData } from '../../data/kit.ts';
import { commandLine } from '../../support/command-line.ts';
import { killedRelay } from '../../support/killed-relay.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A home whose relay was killed after five messages, of which its log has some, and a backup with three. */
async function killed() {
  const relay = await someData(3);
  const home = tempDir();
  const data = join(home, 'data');
  const backup = join(home, 'backup.sqlite');
  await copyData(relay.path, backup);
  for (const body of ['four', 'five']) await relay.send(body);
  mkdirSync(data, { mode: 0o700 });
  for (const end of ['', '-wal']) copyFileSync(`${relay.path}${end}`, join(data, `relay.sqlite${end}`));
  killedRelay(home);
  const run = (...args: string[]) =>
    commandLine(args, { home, cwd: home, env: { CLAUDE_RELAY_HOME: home, USER: 'anna', RELAY_URL: '' } });
  const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).out);
  return { home, data, backup, run, json };
}

/** What a restore has done until it was killed after that many renames. */
async function interrupted(renames: number) {
  const machine = await killed();
  const { data, backup } = machine;
  const elsewhere = join(tempDir(), 'data');
  await restoreData(elsewhere, backup, systemRandom);
  copyFileSync(join(elsewhere, 'relay.sqlite'), join(data, 'restored.sqlite'));
  const steps = [
    ['relay.sqlite', 'replaced-1.sqlite'],
    ['relay.sqlite-wal', 'replaced-1.sqlite-wal'],
    ['restored.sqlite', 'relay.sqlite'],
  ] as const;
  for (const [from, to] of steps.slice(0, renames)) renameSync(join(data, from), join(data, to));
  return machine;
}

describe('restore', () => {
  it('of what the last one has set aside brings back all of it', async () => {
    const { data, run, json } = await killed();
    expect((await run('restore', 'backup.sqlite')).out).toBe('Restored 3 messages of 2 sessions.\n');
    expect(await json('restore', 'data/replaced-1.sqlite')).toMatchObject({ envelopes: 5 });
    expect(await json('verify')).toMatchObject({ ok: true, envelopes: 5 });
    expect(readdirSync(data).filter((name) => name.endsWith('-wal'))).toEqual([]);
  });

  it.each([0, 1, 2])(
    'interrupted after %i moves is finished by whoever reads the data next, who says so',
    async (n) => {
      for (const command of ['verify', 'backup', 'export']) {
        const { data, run } = await interrupted(n);
        const { code, out, err } = await run(command);
        expect([code, err]).toEqual([0, expect.stringContaining(`is in ${join(data, 'replaced-1.sqlite')}.`)]);
        if (command === 'export') expect(out.trimEnd().split('\n')).toHaveLength(3);
        else expect(out).toContain('3 messages, ');
      }
    },
  );

  it.each([0, 1, 2, 3])('interrupted after %i moves is finished before the next begins', async (n) => {
    const { data, run, json } = await interrupted(n);
    writeFileSync(join(data, '.restoring.sqlite'), 'half a copy', { mode: 0o600 });
    const { code, err } = await run('restore', 'backup.sqlite');
    expect(code).toBe(0);
    if (n < 3) expect(err).toContain(`what was there before it is in ${join(data, 'replaced-1.sqlite')}.`);
    expect(err).toContain(`What was there before is in ${join(data, 'replaced-2.sqlite')};`);
    expect(await json('verify', 'data/replaced-1.sqlite')).toMatchObject({ ok: true, envelopes: 5 });
    expect(await json('verify')).toMatchObject({ ok: true, envelopes: 3 });
    expect(readdirSync(data).filter((name) => /restor/.test(name))).toEqual([]);
  });

  it('of a file that was put in its way is told apart from its own', async () => {
    const { data, run, json } = await killed();
    copyFileSync(join(data, '../backup.sqlite'), join(data, 'restored.sqlite'));
    expect(await json('verify')).toMatchObject({ envelopes: 5 });
    expect((await run('verify')).err).toContain('was made by no restore, and is left alone');
    const { code, err } = await run('restore', 'data/restored.sqlite');
    expect([code, err]).toEqual([1, expect.stringMatching(/is in its way\.\n\s+Move it to another directory/)]);
    expect(existsSync(join(data, 'restored.sqlite'))).toBe(true);
  });
});

describe('damaged data', () => {
  it('are told by verify in a sentence, as JSON, and by the exit code', async () => {
    const { data, run, home } = await killed();
    writeFileSync(join(home, 'x.sqlite'), 'hello'.repeat(3_000));
    writeFileSync(join(data, 'relay.sqlite'), 'hello'.repeat(3_000), { mode: 0o600 });
    writeFileSync(join(data, 'relay.sqlite-wal'), '', { mode: 0o600 });
    for (const file of [[], ['x.sqlite']]) {
      const plain = await run('verify', ...file);
      expect([plain.code, plain.out]).toEqual([65, 'not a database, or broken pages\n']);
      expect(plain.err).toContain('The data are damaged');
      const { code, out } = await run('verify', ...file, '--json');
      expect([code, JSON.parse(out)]).toEqual([
        65,
        expect.objectContaining({ ok: false, problems: [expect.any(String)] }),
      ]);
    }
  });

  it.each(['backup', 'export'])('are refused by %s with what to do', async (command) => {
    const { data, run } = await killed();
    writeFileSync(join(data, 'relay.sqlite'), 'hello'.repeat(3_000), { mode: 0o600 });
    writeFileSync(join(data, 'relay.sqlite-wal'), '', { mode: 0o600 });
    const { code, err } = await run(command);
    expect([code, err]).toEqual([65, expect.stringMatching(/data are damaged \(.*\)\.\n\s+Restore a backup/)]);
  });

  it('are not what a directory is', async () => {
    const { run } = await killed();
    for (const command of ['verify', 'restore']) {
      const { code, err } = await run(command, '.');
      expect([code, err]).toEqual([1, expect.stringContaining('is a directory')]);
    }
  });
});

describe('export --about', () => {
  it('somebody who was never here is refused', async () => {
    const { run } = await killed();
    const { code, out, err } = await run('export', '--about', 'build');
    expect([code, out, err]).toEqual([4, '', expect.stringContaining('Nobody called build was ever here')]);
  });
});
