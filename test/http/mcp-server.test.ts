/** What a session offers, through the protocol's library. */
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { expect, it } from 'vitest';
import { Shelf } from '../../src/delivery/shelf.ts';
import { libraryServer } from '../../src/http/mcp-server.ts';
import { Server } from '../../src/mcp/server.ts';
import { AfterWrite } from '../../src/mcp/written.ts';
import { envelope, FakeSession } from '../mcp/fake-session.ts';
import { fixedRandom } from '../mcp/fixed-random.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

async function connected(name: string) {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const session = new FakeSession();
  const clock = new FakeClock();
  const host = { session, shelf: new Shelf(), version: '0', clock, random: fixedRandom() };
  await libraryServer(new Server(host, new AfterWrite()), { era: 'legacy' }).connect(theirs);
  const client = new Client({ name, version: '1' });
  await client.connect(ours);
  return { client, session, clock };
}

it('a call that asks for it hears that work goes on', async () => {
  const { client, session, clock } = await connected('c');
  const heard: unknown[] = [];
  const calling = client.callTool(
    { name: 'relay_receive', arguments: { wait_seconds: 45 } },
    { onprogress: ({ progress }) => void heard.push(progress) },
  );
  while (session.watching < 1) await settle(1);
  await clock.advance(30_000);
  session.deliver(envelope({ position: 1 }));
  expect(await calling).not.toHaveProperty('isError');
  expect(heard.slice(0, 2)).toEqual([1, 2]);
  await client.close();
});

it.each([
  ['some program', true],
  ['claude-code', false],
])('what is structured goes to %s: %j', async (name, isStructured) => {
  const { client, session } = await connected(name);
  session.deliver(envelope({ position: 1 }));
  const answer = await client.callTool({ name: 'relay_receive', arguments: {} });
  expect('structuredContent' in answer).toBe(isStructured);
  await client.close();
});
