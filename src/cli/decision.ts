/** What `accept`, `hold` and `refuse` have in common: one decision of a person. */

import type { Stance } from '../protocol/stance.ts';
import type { Results } from '../protocol/verbs.ts';
import { EXIT } from '../util/failure.ts';
import type { Argument, CommandOption, Context } from './command.ts';
import { AS, RelayAccess } from './relay.ts';
import { plural } from './words.ts';

export const OF: Argument = { name: 'of', sentence: 'the id of a held message, a session, or a person' };

export const DECISION_OPTIONS: readonly CommandOption[] = [
  AS,
  { flag: '--always', sentence: 'also what that session or person sends from now on' },
];

const DONE: Readonly<Record<Stance, string>> = { accept: 'accepted', hold: 'held', refuse: 'refused' };

export async function decide(ctx: Context, stance: Stance): Promise<number> {
  const { given, out } = ctx;
  const relay = new RelayAccess(ctx, { as: given.text('--as') });
  const of = given.required('of');
  const result = await relay.ask('decide', { stance, of, ...(given.has('--always') ? { always: true } : {}) });
  if (out.isJson) out.json(result);
  else out.line(sentence(stance, of, result));
  return EXIT.ok;
}

function sentence(stance: Stance, of: string, { changed, always }: Results['decide']): string {
  const now = stance === 'hold' ? [] : [`${plural(changed, 'message')} ${DONE[stance]}`];
  const later = always ? [`what comes of ${of} is ${DONE[stance]} from now on`] : [];
  const said = [...now, ...later].join('; ');
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}
