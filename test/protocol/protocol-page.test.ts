/** PROTOCOL.md is decoded by the code that it describes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeClientFrame, decodeRelayFrame } from '../../src/protocol/codec.ts';
import { CODES } from '../../src/protocol/codes.ts';
import { LIMITS, TIMES } from '../../src/protocol/limits.ts';
import { isVerb, VERBS } from '../../src/protocol/verbs.ts';

const page = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');
const lines = page.split('\n').map((line) => line.trim());
const examples = (arrow: string) => lines.filter((line) => line.startsWith(`${arrow} {`)).map((line) => line.slice(2));

describe('PROTOCOL.md', () => {
  it('has examples of both directions', () => {
    expect(examples('→').length).toBeGreaterThan(8);
    expect(examples('←').length).toBeGreaterThan(8);
  });

  it.each(examples('→'))('decodes what a client sends: %s', (example) => {
    const frame = decodeClientFrame(example);
    if (frame.type !== 'request') return;
    expect(isVerb(frame.verb)).toBe(true);
    if (isVerb(frame.verb)) expect(() => isVerb(frame.verb) && VERBS[frame.verb].read(frame.args, '')).not.toThrow();
  });

  it.each(examples('←'))('decodes what the relay sends: %s', (example) => {
    expect(decodeRelayFrame(example)).toBeDefined();
  });

  it('shows every frame of both directions', () => {
    const types = (arrow: string) => new Set(examples(arrow).map((example) => JSON.parse(example).type));
    expect(types('→')).toEqual(new Set(['hello', 'request', 'bye']));
    expect(types('←')).toEqual(
      new Set(['welcome', 'answer', 'error', 'deliver', 'more', 'receipt', 'presence', 'held', 'braked', 'paused']),
    );
  });

  it('names every verb', () => {
    for (const verb of Object.keys(VERBS)) expect(page).toMatch(new RegExp(`^\\| .*\`${verb}\``, 'm'));
  });

  it('lists the catalogue of codes as it is', () => {
    const rows = lines.filter((line) => /^\| `[a-z_]+` \| \d+ \| \d* \| (yes|no) \|/.test(line));
    const expected = Object.entries(CODES).map(([code, entry]) => {
      const close = 'close' in entry ? entry.close : '';
      return `| \`${code}\` | ${entry.status} | ${close} | ${entry.retry ? 'yes' : 'no'} | ${entry.sentence} |`;
    });
    expect(rows).toEqual(expected);
  });

  it('lists every limit and time with its value', () => {
    for (const [name, value] of Object.entries(LIMITS)) expect(lines).toContain(`| \`${name}\` | ${value} |`);
    for (const [name, value] of Object.entries(TIMES)) expect(lines).toContain(`| \`${name}\` (ms) | ${value} |`);
  });
});
