/** `receipts [id]`: how far one of one's own messages got, for each recipient; without an id, the last sends in short. */
import type { Results, SentSummary } from '../../protocol/verbs.ts';
import { EXIT } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { plural, states, when } from '../words.ts';

export const receipts: Command = {
  name: 'receipts',
  summary: 'Say how far a message of yours got: stored, handed, seen, replied.',
  details: `handed: written to the agent program. seen: evidence that it is in the model’s context. unseen: there is none yet, and why.
The ends are expired, refused and dead (given out five times, and never taken).`,
  arguments: [{ name: 'id', sentence: 'the id that send printed; your last sends when left out', optional: true }],
  options: [AS, { flag: '--count', value: 'number', sentence: 'so many sends (default: 10)' }],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay receipts', says: 'your last sends', needs: 'relay' },
    {
      line: 'claude-relay receipts "$(claude-relay send CC-2 hello | cut -d " " -f 1)"',
      says: 'of one message, for each recipient',
      needs: 'relay',
    },
  ],
  async run(ctx) {
    const { given, out } = ctx;
    const relay = new RelayAccess(ctx, { as: given.text('--as') });
    const id = given.text('id');
    const count = given.integer('--count', { min: 1, max: 50 }) ?? 10;
    const result = await relay.ask('receipts', id === undefined ? { count } : { id });
    if (out.isJson) out.json(result);
    else if ('sends' in result) printSends(ctx, result.sends);
    else printRecipients(ctx, result);
    return EXIT.ok;
  },
};

function printSends({ out }: Context, sends: readonly SentSummary[]): void {
  if (sends.length === 0) return out.say('You have sent nothing yet.');
  out.table(
    ['ID', 'SENT', 'TO', 'HOW FAR', 'MESSAGE'],
    sends.map(({ id, at, to, states: counts, preview, unseen }) => [
      id,
      when(at),
      to.join(','),
      `${states(counts)}${unseen ? ', unseen' : ''}`,
      preview,
    ]),
  );
}

function printRecipients({ out }: Context, result: Exclude<Results['receipts'], { sends: unknown }>): void {
  if (result.recipients.length === 0) out.say(`${result.id} went to ${result.to.join(', ')}, where nobody else was.`);
  else {
    out.table(
      ['NAME', 'STATE', 'SINCE', 'WHY'],
      result.recipients.map(({ name, state, at, reason, unseen }) => [
        { text: name, style: 'cyan' },
        state,
        at === undefined ? '' : when(at),
        reason ?? (unseen === undefined ? '' : `unseen: ${unseen}`),
      ]),
    );
  }
  if (result.more > 0) out.say(`${plural(result.more, 'more recipient')} not shown.`);
}
