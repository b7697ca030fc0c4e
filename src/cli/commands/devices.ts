/** `devices`: what people come with; `devices add`: a token for a script. */
import { EXIT } from '../../util/failure.ts';
import type { Command, Context } from '../command.ts';
import { fingerprintWords, people, secondsOf } from '../people.ts';
import { when } from '../words.ts';

const add: Command = {
  name: 'add',
  summary: 'Make a token for a script or curl, and print it once.',
  details: 'It is given to RELAY_TOKEN or sent as Authorization: Bearer. It may what its person may.',
  arguments: [{ name: 'name', sentence: 'what it is for: ci' }],
  options: [
    { flag: '--person', value: 'name', sentence: 'whose it is, when not yours' },
    { flag: '--for', value: 'time', sentence: 'how long it works: 90d; else until it is revoked' },
  ],
  settings: ['relayUrl'],
  json: true,
  examples: [{ line: 'claude-relay devices add ci --for 90d', says: 'for a pipeline', needs: 'relay' }],
  async run(ctx) {
    const { given, out } = ctx;
    const [person, seconds] = [given.text('--person'), secondsOf(given.text('--for'), '--for')];
    const made = await people(ctx, 'token', {
      name: given.required('name'),
      ...(person === undefined ? {} : { person }),
      ...(seconds === undefined ? {} : { seconds }),
    });
    if (out.isJson) out.json(made);
    else out.line(made.token);
    out.say(`It is not shown again. It is device ${made.device} of ${made.person}.`);
    return EXIT.ok;
  },
};

export const devices: Command = {
  name: 'devices',
  summary: 'List the devices and tokens that may come in.',
  settings: ['relayUrl'],
  json: true,
  subcommands: [add],
  examples: [{ line: 'claude-relay devices', says: 'all of them', needs: 'relay' }],
  run: list,
};

async function list(ctx: Context): Promise<number> {
  const { out } = ctx;
  const result = await people(ctx, 'devices', {});
  if (out.isJson) out.json(result);
  else if (result.devices.length === 0)
    out.say('No other device has joined; claude-relay invite makes a line for one.');
  else
    out.table(
      ['DEVICE', 'NAME', 'PERSON', 'STATE', 'LAST SEEN', 'FINGERPRINT'],
      result.devices.map(({ id, name, person, kind, state, last_seen, fingerprint }) => [
        { text: id, style: 'cyan' },
        name,
        person,
        state,
        last_seen === undefined ? '-' : when(last_seen),
        fingerprint === undefined ? kind : fingerprintWords(fingerprint),
      ]),
    );
  return EXIT.ok;
}
