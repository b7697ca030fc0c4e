/** `join <#room>`: gets what is sent to the room from now on. `join <line>`: this machine joins somebody's relay. */
import { text as textOf } from 'node:stream/consumers';
import { joinRelay } from '../../client/join.ts';
import { readDevice, writeDevice } from '../../config/device.ts';
import { personName, userName } from '../../config/person.ts';
import { isName } from '../../protocol/address.ts';
import { type JoinLine, readJoinLine } from '../../protocol/people.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import { fingerprintOf, keyFromPem, publicKeyOf } from '../../util/signing.ts';
import type { Command, Context } from '../command.ts';
import { readConnection } from '../connect/record.ts';
import { deviceName, fingerprintWords } from '../people.ts';
import { AS, RelayAccess } from '../relay.ts';
import { plural } from '../words.ts';

export const join: Command = {
  name: 'join',
  summary: 'Join a room, or with the line of an invitation the relay of somebody else.',
  details: `A room: you get what is sent to it from then on, also while you are away; joining makes it.
A line: this machine makes a key of its own, and from then on every command and session here uses that relay.
With - the line is read from standard input, so that it shows in no list of processes.`,
  arguments: [
    { name: 'room', sentence: 'a room, with or without the #; or the line that `claude-relay invite` printed' },
  ],
  options: [
    AS,
    { flag: '--person', value: 'name', sentence: 'with a line: what you would like to be called there' },
    { flag: '--device', value: 'name', sentence: 'with a line: what this machine is called there' },
  ],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay join build', says: 'the room #build', needs: 'relay' },
    { line: 'claude-relay join wss://relay.example:9999/…', says: 'a relay, by its invitation', needs: 'system' },
  ],
  async run(ctx) {
    const said = ctx.given.required('room');
    const word = said === '-' ? (await textOf(ctx.stdin)).trim().replace(/^claude-relay join /, '') : said;
    if (!word.includes('://')) return await joinRoom(ctx, word);
    const line = readJoinLine(word);
    if (!line) throw new Failure('usage', 'That is not the whole line of an invitation.', 'Copy it again.');
    return await joinByLine(ctx, line);
  },
};

async function joinRoom(ctx: Context, wanted: string): Promise<number> {
  const relay = new RelayAccess(ctx, { as: ctx.given.text('--as') });
  const { room, members } = await relay.ask('join', { room: wanted });
  if (ctx.out.isJson) ctx.out.json({ room, members });
  else ctx.out.line(`${relay.name} is in ${room} with ${plural(members - 1, 'other')}.`);
  return EXIT.ok;
}

async function joinByLine(ctx: Context, line: JoinLine): Promise<number> {
  const { config, env, given, out, signal } = ctx;
  const { home } = config.settings;
  const before = readDevice(home);
  if (before) {
    const leave =
      readConnection(home)?.credential?.device === before.id ? 'claude-relay disconnect' : `rm ${home}/device.json`;
    throw new Failure(
      'error',
      `This machine has joined ${before.url} as ${before.person}.`,
      `Leave that one first: ${leave}, or set CLAUDE_RELAY_HOME to another directory.`,
    );
  }
  const person = nameGiven(given.text('--person')) ?? personName(userName(env));
  const { device, owner } = await joinRelay(line, {
    person,
    device: nameGiven(given.text('--device')) ?? deviceName(),
    signal,
  });
  writeDevice(home, device);
  const fingerprint = fingerprintOf(publicKeyOf(keyFromPem(device.key)));
  const { id, url } = device;
  if (out.isJson) out.json({ url, person: device.person, owner, device: id, fingerprint });
  else {
    out.line(
      `Joined the relay of ${owner} at ${url} as ${device.person}, fingerprint ${fingerprintWords(fingerprint)}.`,
    );
    out.say(`Their sessions are NAME@${owner}; claude-relay peers lists who is here.`);
  }
  return EXIT.ok;
}

function nameGiven(name: string | undefined): string | undefined {
  if (name === undefined || isName(name)) return name;
  throw new Failure('usage', 'A name is a letter, then up to 63 letters, digits, dots, dashes or underscores.');
}
