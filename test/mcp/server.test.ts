import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, it } from 'vitest';
import { Shelf } from '../../src/delivery/shelf.ts';
import { INBOX_URI } from '../../src/mcp/inbox-resource.ts';
import { messageOf } from '../../src/mcp/jsonrpc.ts';
import { Protocol, type ProtocolOptions } from '../../src/mcp/protocol.ts';
import { Server } from '../../src/mcp/server.ts';
import { TOOLS } from '../../src/mcp/tools/all.ts';
import { AfterWrite } from '../../src/mcp/written.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { systemClock } from '../../src/util/clock.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { envelope, FakeSession } from './fake-session.ts';
import { fixedRandom } from './fixed-random.ts';
import { type Connected, connect, ERAS, textOf } from './harness.ts';
import { parseWrapper } from './parse-wrapper.ts';

const open: Connected[] = [];

async function connected(...args: Parameters<typeof connect>): Promise<Connected> {
  const made = await connect(...args);
  open.push(made);
  return made;
}

afterEach(async () => {
  for (const { client, process, over } of open.splice(0)) {
    await client.close();
    process.stdin.end();
    await over;
  }
});

describe.each(ERAS)('the server, to a client of the %s era', (era) => {
  it('says its instructions and its capabilities', async () => {
    const { client } = await connected(era);
    expect(client.getInstructions()).toMatch(/^You are CC-1 on claude-relay/);
    expect(client.getServerCapabilities()).toMatchObject({ tools: {}, resources: { subscribe: true } });
    expect(client.getServerVersion()).toMatchObject({ name: 'claude-relay', version: '0.0.0' });
  });

  it('lists its tools', async () => {
    const { client } = await connected(era);
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(TOOLS.map((tool) => tool.name));
    expect(tools[0]).toMatchObject({
      annotations: { readOnlyHint: false, openWorldHint: false },
      _meta: { 'anthropic/alwaysLoad': true },
    });
  });

  it('answers a call, and says handed when the answer is written', async () => {
    const { client, host } = await connected(era);
    host.session.deliver(envelope({ position: 1 }));
    const result = await client.callTool({ name: 'relay_receive', arguments: {} });
    expect(parseWrapper(textOf(result))).toMatchObject([{ header: { id: 'm1' }, body: 'body 1' }]);
    expect(host.session.handedPositions).toEqual([1]);
  });

  it('gives structured output to a client that may have both', async () => {
    const { client, host } = await connected(era);
    host.session.deliver(envelope({ position: 1 }));
    const { structuredContent } = await client.callTool({ name: 'relay_receive', arguments: {} });
    expect(structuredContent).toMatchObject({ notice: expect.any(String), messages: [{ id: 'm1' }], more: 0 });
  });

  it.each(['claude-code', 'codex-mcp-client'])(
    'gives %s the wrapper alone, which it would not show otherwise',
    async (name) => {
      const { client, host } = await connected(era, { name });
      host.session.deliver(envelope({ position: 1 }));
      const result = await client.callTool({ name: 'relay_receive', arguments: {} });
      expect(result.structuredContent).toBeUndefined();
      expect(parseWrapper(textOf(result))).toHaveLength(1);
    },
  );

  it('marks an error as one', async () => {
    const { client } = await connected(era);
    const result = await client.callTool({ name: 'relay_send', arguments: {} });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('message is missing. Correct the arguments and call again.');
    expect(result.structuredContent).toBeUndefined();
  });

  it('refuses a tool that there is not, and names those that there are', async () => {
    const { client } = await connected(era);
    await expect(client.callTool({ name: 'relay_recieve', arguments: {} })).rejects.toThrow(
      /There is no tool of that name; there are relay_send, relay_receive/,
    );
  });

  it('tells the session of each call, which is evidence, and when it is answered', async () => {
    const { client, host } = await connected(era);
    await client.callTool({ name: 'relay_receive', arguments: {} });
    await client.callTool({ name: 'relay_receive', arguments: {} });
    await client.listTools();
    expect(host.session.calls).toEqual(['relay_receive', 'relay_receive']);
    expect(host.session.answeredCalls).toEqual(['relay_receive', 'relay_receive']);
  });

  it('says a notice once', async () => {
    const { client, host } = await connected(era);
    host.session.state.notice = 'CC-1 is held by another live session, so you are CC-1.2.';
    const first = await client.callTool({ name: 'relay_receive', arguments: {} });
    expect(textOf(first)).toMatch(
      /^Note: CC-1 is held by another live session, so you are CC-1\.2\.\nNo unread messages/,
    );
    expect(first.structuredContent).toMatchObject({ note: expect.stringContaining('CC-1.2') });
    expect(textOf(await client.callTool({ name: 'relay_receive', arguments: {} }))).toMatch(/^No unread messages/);
    expect(host.session.state.told).toBe(1);
  });

  it('answers with what it has where the notice cannot be taken', async () => {
    const { client, host } = await connected(era);
    host.session.deliver(envelope({ position: 1 }));
    host.session.state.takeNotice = () => {
      throw new Error('EMFILE');
    };
    const result = await client.callTool({ name: 'relay_receive', arguments: {} });
    expect(parseWrapper(textOf(result))).toHaveLength(1);
    expect(host.session.handedPositions).toEqual([1]);
  });

  it('passes on what the caller said in _meta', async () => {
    const metas: unknown[] = [];
    const { client } = await connected(era, { onCall: (meta) => metas.push(meta) });
    await client.callTool({ name: 'relay_receive', arguments: {}, _meta: { threadId: 't-1' } });
    expect(metas).toEqual([expect.objectContaining({ threadId: 't-1' })]);
  });

  it('says every 15 s that it waits, to a caller that asked for it', async () => {
    const clock = new FakeClock();
    const { client, host } = await connected(era, { clock });
    const heard: string[] = [];
    const calling = client.callTool(
      { name: 'relay_receive', arguments: { wait_seconds: 45 } },
      { onprogress: ({ message }) => void heard.push(message ?? '') },
    );
    while (host.session.watching < 2) await settle(1);
    for (let quarter = 0; quarter < 2; quarter += 1) {
      await clock.advance(15_000);
      await settle();
    }
    host.session.deliver(envelope({ position: 1 }));
    expect(parseWrapper(textOf(await calling))).toHaveLength(1);
    expect(heard).toEqual(['Waiting for a message.', 'Waiting for a message.']);
  });

  it('loses nothing when a call is cancelled', async () => {
    const { client, host } = await connected(era);
    const cancel = new AbortController();
    const calling = client.callTool(
      { name: 'relay_receive', arguments: { wait_seconds: 45 } },
      { signal: cancel.signal },
    );
    while (host.session.watching < 2) await settle(1);
    cancel.abort('no longer');
    await expect(calling).rejects.toThrow();
    while (host.session.watching > 1) await settle(1);
    host.session.deliver(envelope({ position: 1 }));
    const next = await client.callTool({ name: 'relay_receive', arguments: {} });
    expect(parseWrapper(textOf(next))).toMatchObject([{ header: { id: 'm1' } }]);
    expect(host.session.handedPositions).toEqual([1]);
  });

  describe('offers the inbox as a resource', () => {
    it('lists it', async () => {
      const { client } = await connected(era);
      const { resources } = await client.listResources();
      expect(resources).toMatchObject([{ uri: INBOX_URI, name: 'inbox', mimeType: 'text/plain' }]);
      expect((await client.listResourceTemplates()).resourceTemplates).toEqual([]);
    });

    it('shows it without marking anything', async () => {
      const { client, host } = await connected(era);
      host.session.answers.inbox = { messages: [envelope({ position: 1 })], more: 2, unread: 3 };
      const { contents } = await client.readResource({ uri: INBOX_URI });
      const text = String(contents[0] && 'text' in contents[0] ? contents[0].text : '');
      expect(text).toMatch(/^1 unread message, oldest first\. 2 more\./);
      expect(parseWrapper(text)).toHaveLength(1);
      expect(host.session.handedPositions).toEqual([]);
      expect(host.session.requests.map((request) => request.verb)).toEqual(['inbox']);
    });

    it.each([
      ['nothing', { messages: [], more: 0, unread: 0 }, 'No unread messages.'],
      ['that it cannot be reached', new RelayError('not_connected'), 'The relay cannot be reached. '],
    ] as const)('says %s', async (_what, inbox, expected) => {
      const { client, host } = await connected(era);
      host.session.answers.inbox = inbox;
      const { contents } = await client.readResource({ uri: INBOX_URI });
      expect(contents).toMatchObject([{ text: expect.stringContaining(expected) }]);
    });

    it('refuses another one', async () => {
      const { client } = await connected(era);
      await expect(client.readResource({ uri: 'relay://outbox' })).rejects.toThrow(/not found/i);
    });
  });
});

describe('a subscriber of the inbox', () => {
  it('of the legacy era hears of new mail, until it unsubscribes', async () => {
    const { client, host } = await connected('legacy');
    const heard: unknown[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    host.session.wake();
    await client.subscribeResource({ uri: INBOX_URI });
    host.session.deliver(envelope({ position: 1 }));
    await client.ping();
    expect(heard).toEqual([INBOX_URI]);
    await client.unsubscribeResource({ uri: INBOX_URI });
    host.session.deliver(envelope({ position: 2 }));
    await client.ping();
    expect(heard).toEqual([INBOX_URI]);
    await expect(client.subscribeResource({ uri: 'relay://x' })).rejects.toThrow();
  });

  it('of the modern era hears of new mail when it listens for it', async () => {
    const { client, host } = await connected('modern');
    const heard: unknown[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    const subscription = await client.listen({ resourceSubscriptions: [INBOX_URI] });
    host.session.deliver(envelope({ position: 1 }));
    await client.listTools();
    expect(heard).toEqual([INBOX_URI]);
    await subscription.close();
  });

  it('of the modern era hears nothing when it does not', async () => {
    const { client, host } = await connected('modern');
    const heard: unknown[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    host.session.deliver(envelope({ position: 1 }));
    await client.listTools();
    expect(heard).toEqual([]);
  });
});

describe('a cancelled call', () => {
  it('that had its answer, which is not written yet, leaves nothing to be done after it', async () => {
    const session = new FakeSession();
    session.deliver(envelope({ position: 1 }));
    const host = { session, shelf: new Shelf(), version: '0', clock: systemClock, random: fixedRandom() };
    const written = new AfterWrite();
    const cancel = new AbortController();
    const asked = { id: 1, signal: cancel.signal, meta: {}, client: 'c', revision: undefined, notify: () => undefined };
    await new Server(host, written).callTool('relay_receive', {}, asked);
    expect(written.size).toBe(1);
    cancel.abort();
    expect(written.size).toBe(0);
  });

  it('keeps its notice for the next one, and leaves nothing to be done after an answer that never comes', async () => {
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    const session = new FakeSession();
    const written = new AfterWrite();
    const host = { session, shelf: new Shelf(), version: '0', clock: systemClock, random: fixedRandom() };
    const send: ProtocolOptions['send'] = (message, done) =>
      void theirs.send(message as JSONRPCMessage).then(() => done?.());
    const protocol = new Protocol({ host, written, send, log: () => undefined });
    theirs.onmessage = (message) => protocol.take(messageOf(message) ?? { kind: 'answer' });
    const client = new Client({ name: 'c', version: '1' });
    await client.connect(ours);
    session.state.notice = 'You are CC-1.2.';
    const cancel = new AbortController();
    const calling = client.callTool(
      { name: 'relay_receive', arguments: { wait_seconds: 45 } },
      { signal: cancel.signal },
    );
    while (session.watching < 2) await settle(1);
    cancel.abort('no longer');
    await expect(calling).rejects.toThrow();
    while (session.watching > 1) await settle(1);
    await settle();
    expect([written.size, session.state.told]).toEqual([0, 0]);
    expect(textOf(await client.callTool({ name: 'relay_receive', arguments: {} }))).toMatch(/^Note: You are CC-1\.2\./);
    await settle();
    expect([written.size, session.state.told]).toEqual([0, 1]);
    await client.close();
  });
});

describe('the end of a connection', () => {
  it('leaves no listener behind', async () => {
    const { client, host, process, over } = await connect('legacy');
    expect(host.session.watching).toBe(1);
    await client.close();
    process.stdin.end();
    await over;
    expect(host.session.watching).toBe(0);
  });
});
