/** A secret in what a person or a script sends: what to do about it, and who may send it all the same. */
import { agentEnvironment } from '../agents/environment.ts';
import { refuseSecrets as refuse } from '../client/secrets.ts';
import { RelayError } from '../protocol/codes.ts';
import type { Draft } from '../protocol/envelope.ts';
import { Failure } from '../util/failure.ts';
import type { Context } from './command.ts';

/** Rejects with a `refused` Failure when the message seems to hold a secret. */
export async function refuseSecrets(draft: Draft): Promise<void> {
  try {
    await refuse(draft);
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    const remedy = 'Say where it is kept instead; a person can send it as it is: claude-relay send --allow-secret …';
    throw new Failure('refused', error.message, remedy, error);
  }
}

/**
 * Throws a `refused` Failure unless a person types here: a terminal shows what we print, and no agent program is around. No
 * variable says so. An agent that opens a terminal and hides its program is out of reach: it could also send by other means.
 */
export function onlyPeople({ out, env }: Pick<Context, 'out' | 'env'>): void {
  const { program } = agentEnvironment(env);
  if (out.isTerminal && program === undefined) return;
  const why = program === undefined ? 'this is no terminal' : `this runs within ${program}`;
  throw new Failure(
    'refused',
    `--allow-secret is for people, and ${why}; nothing was sent.`,
    'Ask your user to send it.',
  );
}
