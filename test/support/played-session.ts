/** An agent's session that a test plays over the wire: it says what its own side would say. */
import type { AtRelay } from './at-relay.ts';
import type { WireClient } from './wire-client.ts';

export interface Played {
  readonly position: number;
  readonly at: number;
  readonly body: string;
  readonly to: readonly string[];
  readonly expires_at?: number;
}

/** Connected, with what it is doing and the door that wakes it. */
export async function playedSession(
  { relay }: Pick<AtRelay, 'relay'>,
  name: string,
  presence: object = {},
  about: object = {},
): Promise<WireClient> {
  const shown = { kind: 'agent', host: 'mill', program: 'claude-code', version: '2.1.330', ...about };
  const client = await relay.client(name, { about: shown });
  await client.ask('presence', presence);
  return client;
}

/** Takes the next message, and says nothing of it yet. */
export async function takes(client: WireClient): Promise<Played> {
  for (;;) {
    const { result } = await client.ask('receive', { wait_seconds: 60 });
    const [message] = (result as { messages: readonly Played[] }).messages;
    if (message) return message;
  }
}

export async function says(client: WireClient, state: string, { position }: Played, reason?: string): Promise<void> {
  await client.ask('receipt', { state, positions: [position], ...(reason === undefined ? {} : { reason }) });
}

/** As one that is woken and reads at once. */
export async function reads(client: WireClient): Promise<Played> {
  const message = await takes(client);
  await says(client, 'handed', message);
  await says(client, 'seen', message);
  return message;
}
