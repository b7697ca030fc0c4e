/** Two state directories that stand for two machines of two people, and the commands that they type. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { PeopleResults } from '../../src/protocol/people.ts';
import { EXIT } from '../../src/util/failure.ts';
import { Machine } from '../support/cli.ts';

const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.end();
});

function machine(): Machine {
  const made = new Machine();
  machines.push(made);
  return made;
}

const bert = { env: { USER: 'bert' } };

async function lineOf(owner: Machine, ...flags: string[]): Promise<string> {
  const { port } = owner;
  const said = await owner.json(['invite', '--address', `wss://127.0.0.1:${port}`, ...flags]);
  return (said as PeopleResults['invite']).line;
}

it('joins, writes, is answered, sees what is granted, and is cut off', async () => {
  const [annas, berts] = [machine(), machine()];
  await annas.relay(['--host', '0.0.0.0', '--tls']);
  await annas.ok(['receive', '--as', 'CC-1']);
  const since = performance.now();
  const line = await lineOf(annas, '--name', 'bert');
  expect(await berts.ok(['join', line], bert)).toMatch(
    /^Joined the relay of anna at wss:\/\/127\.0\.0\.1:\d+ as bert, /,
  );
  expect(statSync(join(berts.home, 'device.json')).mode & 0o777).toBe(0o600);
  expect(existsSync(join(berts.home, 'token'))).toBe(false);
  await berts.ok(['send', 'CC-1@anna', 'Is the build green?', '--as', 'CC-1'], bert);
  // Nobody has said yet that bert may.
  expect(await annas.ok(['receive', '--as', 'CC-1'])).not.toContain('CC-1@bert');
  expect(await annas.ok(['held'])).toContain('CC-1@bert');
  await annas.ok(['accept', 'bert', '--always']);
  expect(await annas.ok(['receive', '--as', 'CC-1'])).toContain('CC-1@bert to CC-1 ');
  await annas.ok(['send', 'CC-1@bert', 'Green.', '--as', 'CC-1']);
  expect(await berts.ok(['receive', '--as', 'CC-1', '--wait', '5'], bert)).toContain('CC-1@anna to CC-1 ');
  expect(performance.now() - since).toBeLessThan(10_000);

  const refused = await berts.run(['people'], bert);
  expect([refused.code, refused.stderr]).toEqual([EXIT.refused, expect.stringContaining('Only who administers')]);
  expect((await berts.run(['send', '#build', 'hi'], bert)).code).toBe(EXIT.refused);
  await annas.ok(['grant', 'bert', 'read:#build', 'send:#build']);
  await berts.ok(['join', 'build'], bert);
  await berts.ok(['send', '#build', 'hi'], bert);
  expect(await annas.ok(['people'])).toMatch(/bert +1 +read:#build send:#build send:@anna/);
  expect(await annas.ok(['devices'])).toMatch(/ bert +(here|away) /);

  const session = await berts.session('MCP-1');
  await expect.poll(async () => await session.call('relay_status')).toContain('wss://127.0.0.1');
  expect(await annas.ok(['revoke', 'bert'])).toBe('The person bert is cut off.\n');
  const cut = await berts.run(['receive', '--as', 'CC-1'], bert);
  expect([cut.code, cut.stderr]).toEqual([EXIT.refused, expect.stringContaining('join it by an invitation')]);
  expect((await berts.run(['join', line], bert)).stderr).toContain('This machine has joined');
});

it('shows a QR code to who looks, and takes the line from standard input', async () => {
  const [annas, other] = [machine(), machine()];
  await annas.relay(['--host', '0.0.0.0', '--tls']);
  const line = await lineOf(annas, '--mine');
  expect(await other.ok(['join', '-'], { input: `claude-relay join ${line}\n` })).toContain(' as anna, ');
  expect(await other.ok(['people'])).toContain('everything');
  expect(await other.ok(['doctor', '--json']).catch(String)).toContain('This machine has joined wss://');
});

it('refuses what is no line, twice the same line, and a line for a relay that is not there', async () => {
  const [annas, berts] = [machine(), machine()];
  await annas.relay();
  const { line } = (await annas.json(['invite'])) as PeopleResults['invite'];
  expect((await berts.run(['join', line.slice(0, -1)], bert)).code).toBe(EXIT.usage);
  const away = line.replace(/:\d+\//, ':9/');
  expect((await berts.run(['join', away], bert)).code).toBe(EXIT.unreachable);
  await berts.ok(['join', line], bert);
  const third = machine();
  const again = await third.run(['join', line], bert);
  expect([again.code, again.stderr]).toEqual([EXIT.refused, expect.stringContaining('ask for a new one')]);
});

it('replaces secrets while sessions go on', async () => {
  const [annas, berts] = [machine(), machine()];
  await annas.relay(['--host', '0.0.0.0', '--tls']);
  await berts.ok(['join', await lineOf(annas)], bert);
  const before = annas.token;
  await annas.ok(['rotate', 'token']);
  expect(annas.token).not.toBe(before);
  await annas.ok(['status']);
  await berts.ok(['rotate', 'device-key'], bert);
  await berts.ok(['status'], bert);
  const token = (await annas.ok(['devices', 'add', 'ci', '--for', '1h'])).trim();
  expect((await annas.run(['status'], { env: { RELAY_TOKEN: token } })).code).toBe(EXIT.ok);
  await annas.ok(['revoke', 'ci']);
  expect((await annas.run(['status'], { env: { RELAY_TOKEN: token } })).code).toBe(EXIT.refused);
});
