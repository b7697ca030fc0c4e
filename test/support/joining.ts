/** Invitations and who comes by them, at a live relay. */

import { askPeople } from '../../src/client/admin.ts';
import { type Joined, joinRelay } from '../../src/client/join.ts';
import type { OnceOptions } from '../../src/client/once.ts';
import { once } from '../../src/client/once.ts';
import type { Device } from '../../src/config/device.ts';
import { readJoinLine } from '../../src/protocol/people.ts';
import type { Args, Results, Verb } from '../../src/protocol/verbs.ts';
import type { Running } from '../../src/serve/start.ts';

const { signal } = new AbortController();

export type Invite = Parameters<typeof askPeople<'invite'>>[1];

/** As the owner, on the relay's machine. */
export async function invited({ port, token }: Running, args: Invite = {}) {
  return await askPeople('invite', args, { url: `ws://127.0.0.1:${port}`, token });
}

export async function joinBy(line: string, person: string): Promise<Joined> {
  const read = readJoinLine(line);
  if (!read) throw new Error(`not a line: ${line}`);
  return await joinRelay(read, { person, device: `${person}s-laptop`, signal });
}

export async function joined(relay: Running, person: string, args: Invite = {}): Promise<Device> {
  const { line } = await invited(relay, { person, ...args });
  return (await joinBy(line, person)).device;
}

/** One verb as a session of that device. */
export async function as<V extends Verb>(
  device: Device,
  name: string,
  verb: V,
  args: Args<V>,
  more: Partial<OnceOptions> = {},
): Promise<Results[V]> {
  return await once(verb, args, { url: device.url, device, as: name, ...more });
}
