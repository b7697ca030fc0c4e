import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { readArgs } from '../../scripts/security.mjs';
import { renderPage, securityPage } from '../../scripts/security-page.mjs';

const row = (name: string, tests: string[] = []) => ({ row: name, attack: 'An attack.', mitigation: 'A wall.', tests });
const results = (threats: Record<string, Record<string, number>>) => ({
  at: '2026-11-26',
  node: '20.20.2',
  cpus: 2,
  seconds: 90,
  threats,
});

describe('SECURITY.md', () => {
  it('has a line for each row, with its own tests, those that it names, and its figures', () => {
    const rows = [row('T1', ['test/http/guard.test.ts']), row('T3')];
    const page = renderPage(rows, ['t01-foreign-page.security.ts'], results({ T1: { variants: 11, open: 0 } }));
    expect(page).toContain(
      '| T1 | An attack. | A wall. | [t01-foreign-page](test/security/t01-foreign-page.security.ts), [guard](test/http/guard.test.ts) | variants 11, open 0 |',
    );
    expect(page).toContain('| T3 | An attack. | A wall. | not yet |  |');
    expect(page).toContain('Figures of 2026-11-26: Node 20.20.2, 2 cores, 90 s.');
  });

  it('says what is out of reach and how to report', () => {
    const page = securityPage(ROOT);
    for (const heading of ['## To report something', '## What is out of reach', '## The rows'])
      expect(page).toContain(heading);
  });

  it('can be made before there are figures', () => {
    expect(renderPage([row('T1')], ['t01-a.security.ts'], undefined)).not.toContain('Figures of');
  });

  it.each([
    ['a test of no row', ['t02-b.security.ts'], undefined, /t02-b\.security\.ts is of no row .* add T2/],
    ['figures without a test', [], results({ T1: { open: 0 } }), /has figures of T1, which has no test/],
    ['a test without figures', ['t01-a.security.ts'], results({}), /has no figures of T1: run/],
  ])('is refused for %s', (_what, files, figures, sentence) => {
    expect(() => renderPage([row('T1')], files, figures)).toThrow(sentence);
  });
});

describe('the options of the attacks', () => {
  it.each([
    [[], { keeps: false, json: undefined, vitest: [] }],
    [
      ['--record', 't18', '--json', 'a.json', '-t', 'ping'],
      { keeps: true, json: 'a.json', vitest: ['t18', '-t', 'ping'] },
    ],
  ])('%j', (args, read) => {
    expect(readArgs(args)).toEqual(read);
  });

  it('want a file for the report', () => {
    expect(() => readArgs(['--json'])).toThrow('--json needs a value.');
  });
});
