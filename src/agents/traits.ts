/** What an agent program does with a tool's answer. Measured on the versions named in docs/decisions/0005-structured-output.md. */
export interface ClientTraits {
  /** Longest wait of one call in seconds: below what the program itself allows a tool. */
  readonly waitSeconds: number;
  /** Characters of message bodies in one answer. */
  readonly answerChars: number;
  /** Shows the model `structuredContent` in place of the text: then it is left out, so that the model reads the wrapper. */
  readonly replacesText: boolean;
}

/** Programs that say nothing of their limit: the strictest in use give up after 60 s. */
export const UNKNOWN_CLIENT: ClientTraits = { waitSeconds: 50, answerChars: 48_000, replacesText: false };

/** What a tool takes as `wait_seconds`, whoever asks. */
export const MAX_WAIT_SECONDS = 240;
