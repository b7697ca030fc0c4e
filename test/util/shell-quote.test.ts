import { execFileSync } from 'node:child_process';
import { beforeEach, describe, expect, it } from 'vitest';
import { quoteFor, shellQuote } from '../../src/util/shell-quote.ts';
import { needs } from '../support/programs.ts';

/** What each program prints must be the word, byte for byte. */
const WORDS = [
  'plain',
  '',
  'two words',
  "it's",
  "''",
  "'; touch /tmp/owned; '",
  '$(id)',
  '`id`',
  '$HOME',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are the shell's.
  '${HOME}',
  'a\nb',
  'back\\slash',
  "\\'",
  'end\\',
  '"double"',
  '!history!',
  '*?[a]',
  '{a,b}',
  '~',
  '-n',
  '=ls',
  '#comment',
  'tab\there',
  'ünï ✓ 🎉',
  '%s%n',
  '; rm -rf /',
  '(sub)',
  '&',
];

const SHELLS = [
  { shell: 'bash', command: ['bash', '--norc', '--noprofile', '-c'] },
  { shell: 'zsh', command: ['zsh', '-f', '-c'] },
  { shell: 'fish', command: ['fish', '--no-config', '-c'] },
] as const;

describe.each(SHELLS)('one word for $shell', ({ shell, command }) => {
  beforeEach(({ skip }) => needs(shell, skip));

  it.each(WORDS)('survives as it is: %j', (word) => {
    const [program, ...args] = command;
    const printed = execFileSync(program, [...args, `printf '%s|' ${quoteFor(shell, word)}`], { encoding: 'utf8' });
    expect(printed).toBe(`${word}|`);
  });
});

describe('a word for people to read', () => {
  it('is left alone when it is plain', () => {
    expect(['/a/b-c_d.e', 'user@host', 'a=b', '50%'].map(shellQuote)).toEqual([
      '/a/b-c_d.e',
      'user@host',
      'a=b',
      '50%',
    ]);
  });

  it.each(WORDS)('still survives a POSIX shell: %j', (word) => {
    const printed = execFileSync('sh', ['-c', `printf '%s|' ${shellQuote(word)}`], { encoding: 'utf8' });
    expect(printed).toBe(`${word}|`);
  });
});
