/**
 * Which conversation OpenCode was started with, by its command line: it tells its plugins only once somebody speaks there.
 *
 *     opencode -s ses_1, --session ses_1    that one
 *     opencode -c, --continue               the newest
 *     … --fork                              a new one, which nobody has spoken in
 */
export type BegunWith = { readonly id: string } | 'newest' | undefined;

export function begunWith(words: readonly string[]): BegunWith {
  if (words.includes('--fork')) return undefined;
  for (const [at, word] of words.entries()) {
    const id =
      /^(?:--session|-s)=(.+)$/.exec(word)?.[1] ?? (word === '--session' || word === '-s' ? words[at + 1] : '');
    if (id) return { id };
  }
  return words.includes('--continue') || words.includes('-c') ? 'newest' : undefined;
}
