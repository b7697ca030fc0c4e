/** One word for a shell, whatever is in it. Single quotes: nothing is special inside them but their own end. */

export type Shell = 'bash' | 'zsh' | 'fish';

/** Words that every shell takes as they are. */
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** bash, zsh, and any POSIX shell. A word of plain characters is left unquoted, for people to read. */
export function shellQuote(word: string): string {
  if (PLAIN.test(word) && !word.startsWith('=')) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** fish: inside single quotes a backslash escapes itself and the quote, nothing else. */
export function fishQuote(word: string): string {
  return `'${word.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Always quoted, so that an alias of that name is not expanded. */
export function quoteFor(shell: Shell, word: string): string {
  return shell === 'fish' ? fishQuote(word) : `'${word.replaceAll("'", "'\\''")}'`;
}
