/** `rotate <token|relay-key|device-key>`: another secret in the place of one that may be known. */
import { rekeyDevice } from '../../client/join.ts';
import { readDevice, writeDevice } from '../../config/device.ts';
import { replaceRelayKey } from '../../config/relay-key.ts';
import { replaceToken } from '../../config/token.ts';
import { RelayError } from '../../protocol/codes.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { placeOf } from '../data.ts';
import { people } from '../people.ts';

const WHAT = ['token', 'relay-key', 'device-key'] as const;

export const rotate: Command = {
  name: 'rotate',
  summary: 'Replace a secret: the token of this machine, the key of the relay, or the key of this device.',
  details: `token: everything of yours here finds the new one by itself; copies elsewhere are worth nothing.
relay-key: from its next start on the relay is unknown to everybody who joined; invite them again.
device-key: this machine keeps its place at the relay that it joined.`,
  arguments: [{ name: 'what', sentence: 'which one', choices: WHAT }],
  settings: ['relayUrl'],
  examples: [{ line: 'claude-relay rotate token', says: 'after it was seen', needs: 'system' }],
  async run(ctx) {
    const what = WHAT.find((known) => known === ctx.given.required('what')) ?? 'token';
    ctx.out.line(await ROTATE[what](ctx));
    return EXIT.ok;
  },
};

const ROTATE: Readonly<Record<(typeof WHAT)[number], (ctx: Context) => Promise<string>>> = {
  token: async (ctx) => {
    try {
      await people(ctx, 'rotate-token', {});
    } catch (error) {
      // No relay runs: the next one reads the file.
      if (!(error instanceof RelayError) || error.code !== 'not_connected' || placeOf(ctx).device) throw error;
      replaceToken(ctx.config.settings.home);
    }
    return 'The token is another one now.';
  },
  'relay-key': async (ctx) => {
    const { device } = placeOf(ctx);
    if (device)
      throw new Failure('error', `The key of the relay at ${device.url} is on its own machine.`, 'Do it there.');
    replaceRelayKey(ctx.config.settings.home);
    return 'The relay has another key from its next start on; whoever joined it needs a new invitation.';
  },
  'device-key': async (ctx) => {
    const { home } = ctx.config.settings;
    const device = readDevice(home);
    if (!device) throw new Failure('error', 'This machine has joined no relay.', 'claude-relay join LINE');
    writeDevice(home, await rekeyDevice(device, ctx.signal));
    return 'This device has another key now.';
  },
};
