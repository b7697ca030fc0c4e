/**
 * Before a message leaves this machine: does it hold a secret? Only here, in the process that sends; the relay, which has the
 * message when it could look, does not. The rules are loaded at the first send.
 */
import { RelayError } from '../protocol/codes.ts';
import type { Draft } from '../protocol/envelope.ts';

/** Of the same message; the rest is counted. */
const NAMED = 4;

/** Rejects with `secret_found`, in words that say which kind and where, and nothing of the secret itself. */
export async function refuseSecrets({ body, thread, attachments }: Draft): Promise<void> {
  const { findSecrets } = await import('../secrets/main.ts');
  const beside = JSON.stringify({ thread, attachments });
  const found = [
    ...findSecrets(body).map(({ kind, start }) => `${kind} in line ${lineOf(body, start)}`),
    ...findSecrets(beside).map(({ kind }) => `${kind} beside the text`),
  ];
  if (found.length === 0) return;
  const rest = found.length > NAMED ? ` and ${found.length - NAMED} more` : '';
  const what = `${found.slice(0, NAMED).join(', ')}${rest}`;
  throw new RelayError('secret_found', `The message seems to hold a secret (${what}); nothing was sent.`);
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
