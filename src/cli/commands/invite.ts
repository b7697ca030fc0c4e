/** `invite`: one line by which somebody, or another machine of one's own, joins this relay. */
import { isLoopback, relayUrl } from '../../client/place.ts';
import type { DeviceInfo } from '../../protocol/people.ts';
import { sleep, systemClock } from '../../util/clock.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { fingerprintWords, grantsIn, people, secondsOf } from '../people.ts';
import { qrLines } from '../qr.ts';
import { when } from '../words.ts';

/** Between two looks at who has come, milliseconds. */
const LOOK = 1_000;

export const invite: Command = {
  name: 'invite',
  summary: 'Make a line by which somebody joins this relay, once.',
  details: `The line is a secret: send it as you would a password. It works once, for ten minutes, and is burnt after five wrong tries.
Who joins may write to your sessions and see whether they are here; --may says otherwise:
send:, read: or see: with a name, @person, #room or all; administer.`,
  options: [
    { flag: '--name', value: 'person', sentence: 'what they are called here; else they say it themselves' },
    { flag: '--mine', sentence: 'another machine of your own, which may what you may' },
    { flag: '--may', value: 'grant', sentence: 'what they may, instead of the usual: send:#build', many: true },
    { flag: '--for', value: 'time', sentence: 'how long the line works (10m; at most 24h)' },
    { flag: '--address', value: 'url', sentence: 'how they reach this relay: wss://relay.example', many: true },
    { flag: '--wait', sentence: 'wait until somebody has joined, and say who' },
  ],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay invite --name bert', says: 'a line for bert', needs: 'relay' },
    { line: 'claude-relay invite --may read:#build,send:#build', says: 'only for a room', needs: 'relay' },
    { line: 'claude-relay invite --mine --for 1h --json', says: 'for your other machine', needs: 'relay' },
  ],
  async run(ctx) {
    const { out } = ctx;
    const made = await people(ctx, 'invite', wanted(ctx));
    if (out.isJson) out.json(made);
    else {
      out.line(`claude-relay join ${made.line}`);
      if (out.isTerminal) for (const line of qrLines(made.line)) out.line(line);
      const may = made.grants.length > 0 ? `, may ${made.grants.join(' ')}` : '';
      out.say(`Works once, until ${when(made.expires)}${may}. Undo: claude-relay revoke ${made.id}`);
      if (made.addresses.every((address) => isLoopback(relayUrl(address))))
        out.say('Other machines reach this address only through a forward (ssh -L); --address names another one.');
    }
    if (ctx.given.has('--wait')) await watch(ctx, made.id, made.expires);
    return EXIT.ok;
  },
};

function wanted({ given }: Context) {
  const [person, may, seconds] = [given.text('--name'), given.list('--may'), secondsOf(given.text('--for'), '--for')];
  const addresses = given.list('--address');
  if (given.has('--mine') && (person !== undefined || may.length > 0))
    throw new Failure('usage', '--mine is a machine of your own: it has your name, and may what you may.');
  return {
    ...(person === undefined ? {} : { person }),
    ...(given.has('--mine') ? { mine: true } : {}),
    ...(may.length === 0 ? {} : { grants: grantsIn(may) }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(addresses.length === 0 ? {} : { addresses }),
  };
}

/** Until somebody has come, the time is over, or the user has enough. */
async function watch(ctx: Context, invitation: string, until: number): Promise<void> {
  ctx.out.say('Waiting for somebody to join; Ctrl-C leaves the invitation open.');
  while (!ctx.signal.aborted && systemClock.now() < until) {
    const { devices } = await people(ctx, 'devices', {});
    const came = devices.find((device) => device.invitation === invitation);
    if (came) return tell(ctx, came);
    await sleep(systemClock, LOOK, ctx.signal).catch(() => undefined); // the signal ends the loop
  }
}

function tell({ out }: Context, { person, name, id, fingerprint = '' }: DeviceInfo): void {
  out.line(`${person} joined from ${name}, fingerprint ${fingerprintWords(fingerprint)}.`);
  out.say(`Undo: claude-relay revoke ${id}`);
}
