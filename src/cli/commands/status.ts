/** `status`: who am I, what waits for me, and how is the relay. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { AS, RelayAccess } from '../relay.ts';
import { brakedWords, duration, heldCounts, pausedWords, plural, when } from '../words.ts';

export const status: Command = {
  name: 'status',
  summary: 'Say who you are, how much is unread, and how the relay is.',
  options: [AS],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay status', says: 'who am I, and does the relay run', needs: 'relay' },
    { line: 'claude-relay status --as CC-1 --json', says: 'of another session, for a script', needs: 'relay' },
  ],
  async run(ctx) {
    const { out } = ctx;
    const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
    const answer = await relay.ask('status', {});
    if (out.isJson) {
      out.json({ relay: relay.place, ...answer });
      return EXIT.ok;
    }
    const {
      name,
      kind,
      unread,
      missed,
      rooms,
      here,
      sessions,
      version,
      uptime,
      held,
      braked = [],
      paused_until,
    } = answer;
    out.table(
      [],
      [
        ['name', `${name ?? relay.name} (${kind ?? 'person'})`],
        ['unread', String(unread)],
        ...(missed === undefined ? [] : [['missed', `${plural(missed, 'message')} ended before you were given them`]]),
        ...(held === undefined ? [] : [['held', `${heldCounts(held)}: claude-relay held`]]),
        ...braked.map((each) => [
          'braked',
          `${brakedWords(each)} (${plural(each.count, 'message')}, ${when(each.at)})`,
        ]),
        ...(paused_until === undefined ? [] : [['paused', `${pausedWords(paused_until)}: claude-relay unpause`]]),
        ['rooms', rooms.length > 0 ? rooms.join(', ') : 'none'],
        ['relay', `${relay.place}, version ${version}, running for ${duration(uptime)}`],
        ['sessions', `${here} of ${plural(sessions, 'known one')} here`],
      ],
    );
    return EXIT.ok;
  },
};
