/** The registry under real processes: many at once, and some that are killed while they write. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRegistry } from '../../src/cli/registry.ts';
import { statePaths } from '../../src/config/paths.ts';
import { systemRandom } from '../../src/util/random.ts';
import { Machine, type Started } from '../support/cli.ts';

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
});
afterEach(() => machine.end());

/** Processes that stand for shells, and run for the whole test. */
function shells(count: number): Started[] {
  return Array.from({ length: count }, () => machine.spawn('sleep', ['600']));
}

const register = (name: string, { child }: Started) =>
  machine.start(['register', '--pid', String(child.pid), '--', name], { input: '' });

describe('many shells at once', () => {
  it('all get their names, and none is lost', { timeout: 120_000 }, async () => {
    const all = shells(10);
    const started = await Promise.all(all.map((shell, i) => register(`S-${i}`, shell)));
    const ran = await Promise.all(started.map((each) => each.ended));
    expect(ran.map(({ code, stdout }) => [code, stdout])).toEqual(all.map((_, i) => [0, `S-${i}\n`]));
    const { sessions, warnings } = await readRegistry(machine.home);
    expect(sessions.map(({ name }) => name).sort()).toEqual(all.map((_, i) => `S-${i}`).sort());
    expect([warnings, readdirSync(statePaths(machine.home).sessions)]).toEqual([[], ['registry.json']]);
  });

  it('one of them gets a name that all want; the others are told who has it', { timeout: 120_000 }, async () => {
    const started = await Promise.all(shells(6).map((shell) => register('CC-1', shell)));
    const ran = await Promise.all(started.map((each) => each.ended));
    expect(ran.map(({ code }) => code).sort()).toEqual([0, 1, 1, 1, 1, 1]);
    for (const { code, stdout, stderr } of ran.filter((each) => each.code !== 0)) {
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/CC-1 is taken by process \d+ \(sleep, in /);
    }
  });
});

describe('a writer that is killed', () => {
  it('leaves the registry whole, and the next one is not kept waiting', { timeout: 180_000 }, async () => {
    const [keeper, shell] = shells(2);
    if (keeper === undefined || shell === undefined) throw new Error('no shells');
    await (await register('KEEPER', keeper)).ended;
    for (let i = 0; i < 10; i += 1) {
      const victim = await register(`V-${i}`, shell);
      // Somewhere in its life: the start of node takes most of it.
      setTimeout(() => victim.child.kill('SIGKILL'), 50 + systemRandom.fraction() * 400);
      await victim.ended;
      const text = readFileSync(statePaths(machine.home).registry, 'utf8');
      expect(JSON.parse(text).sessions.map(({ name }: { name: string }) => name)).toContain('KEEPER');
    }
    const { code, stderr } = await (await register('AFTER', shell)).ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(existsSync(join(statePaths(machine.home).sessions, 'registry.json.corrupt-1'))).toBe(false);
  });
});
