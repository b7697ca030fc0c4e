/** The pasted line, between two machines in two networks, over the relay's own certificate: from nothing to a message answered. */
import { describe, expect, it } from 'vitest';
import { ensure } from '../../scripts/ensure.mjs';
import { idsIn } from '../support/cli.ts';
import { HAS_NETWORKS, TwoMachines } from '../support/two-machines.ts';

/** Seconds that each part took, and all of them. */
class Parts {
  readonly #parts: string[] = [];
  readonly #begun = performance.now();
  #last = this.#begun;

  done(part: string): void {
    const now = performance.now();
    this.#parts.push(`${part} ${seconds(now - this.#last)}`);
    this.#last = now;
  }

  /** Answers the sum, and says what it was made of. */
  sum(what: string): number {
    const all = performance.now() - this.#begun;
    process.stdout.write(
      `${what}: from nothing to a message answered in ${seconds(all)} (${this.#parts.join(', ')})\n`,
    );
    return all / 1000;
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

describe.runIf(HAS_NETWORKS)('a pasted line, between two networks', () => {
  it.each([
    { who: 'another machine of one’s own', flags: ['--mine'], user: 'anna', here: 'CC-A', there: 'CC-B' },
    { who: 'another person', flags: ['--name', 'bert'], user: 'bert', here: 'CC-A@bert', there: 'CC-B@anna' },
  ])('$who: joins, writes and is answered within ten seconds', { timeout: 120_000 }, async (what) => {
    ensure();
    const two = new TwoMachines();
    const env = { USER: what.user };
    const there = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await two.begin(args).ended;
      expect([args[0], code, code === 0 ? '' : stderr]).toEqual([args[0], 0, '']);
      return stdout;
    };
    const parts = new Parts();
    await two.begin(['serve', '--host', '0.0.0.0', '--tls']).says(/Ready! Listening/);
    parts.done('serve');
    const [line = ''] = /^claude-relay join wss:\S+$/m.exec(await there('invite', ...what.flags)) ?? [];
    expect(line).toContain(`wss://${two.address}:9999/`);
    parts.done('invite');
    const joined = await two.run(line.split(' ').slice(1), { env });
    expect([joined.code, joined.stdout]).toEqual([0, expect.stringContaining(` as ${what.user}, fingerprint `)]);
    parts.done('join');
    if (what.user !== 'anna') await there('accept', what.user, '--always');
    await there('receive', '--as', 'CC-B');
    parts.done('the other session');
    const asked = two.run(['send', what.there, '--as', 'CC-A', '--wait', '20', 'Is the build green?'], { env });
    const question = await there('receive', '--as', 'CC-B', '--wait', '20');
    expect(question).toContain(`${what.here} to CC-B `);
    await there('send', what.here, '--as', 'CC-B', '--reply-to', idsIn(question)[0] ?? '', 'Green since ten.');
    expect((await asked).stdout).toContain('Green since ten.');
    parts.done('question and answer');
    expect(parts.sum(`join, ${what.who}`)).toBeLessThan(10);
  });
});
