/**
 * What the agent programs do with a tool's answer, by the name that they give in `initialize`. One table; a program that is
 * not in it gets what every program can take. Measured on the versions named in docs/decisions/0005-structured-output.md.
 */

export interface ClientTraits {
  /** Longest wait of one call in seconds: below what the program itself allows a tool. */
  readonly waitSeconds: number;
  /** Characters of message bodies in one answer. */
  readonly answerChars: number;
  /** Shows the model `structuredContent` in place of the text: then it is left out, so that the model reads the wrapper. */
  readonly replacesText: boolean;
}

/** Programs that say nothing of their limit: the strictest in use give up after 60 s. */
const UNKNOWN: ClientTraits = { waitSeconds: 50, answerChars: 48_000, replacesText: false };

/** Matched by the beginning of the name. */
const KNOWN: readonly (readonly [string, Partial<ClientTraits>])[] = [
  // A call of more than 2 minutes goes on in the background there, and its answer wakes the session.
  ['claude-code', { waitSeconds: 240, replacesText: true }],
  // Fails a call at 300 s; cuts the middle out of results of more than about 12,000 characters.
  ['codex', { waitSeconds: 280, answerChars: 9_000, replacesText: true }],
  // 600 s a request.
  ['gemini', { waitSeconds: 240 }],
];

/** What a tool takes as `wait_seconds`, whoever asks. */
export const MAX_WAIT_SECONDS = 240;

export function traitsOf(clientName: string | undefined): ClientTraits {
  const known = KNOWN.find(([prefix]) => clientName?.startsWith(prefix));
  return known ? { ...UNKNOWN, ...known[1] } : UNKNOWN;
}
