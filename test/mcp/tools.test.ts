import { describe, expect, it } from 'vitest';
import { traitsOf } from '../../src/agents/programs.ts';
import { MAX_WAIT_SECONDS } from '../../src/agents/traits.ts';
import { Shelf } from '../../src/delivery/shelf.ts';
import { historyTool } from '../../src/mcp/tools/history.ts';
import { receiveTool } from '../../src/mcp/tools/receive.ts';
import { renameTool } from '../../src/mcp/tools/rename.ts';
import { roomTool } from '../../src/mcp/tools/room.ts';
import { sendTool } from '../../src/mcp/tools/send.ts';
import { sessionsTool } from '../../src/mcp/tools/sessions.ts';
import { statusTool } from '../../src/mcp/tools/status.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { callTool, TestCall } from './call.ts';
import { envelope, FakeSession } from './fake-session.ts';
import { parseWrapper } from './parse-wrapper.ts';

const shownIds = (text: string) => parseWrapper(text).map((message) => message.header.id);

describe('relay_send', () => {
  it.each([
    [{ message: 'x' }, ['all']],
    [{ message: 'x', to: 'CC-2' }, ['CC-2']],
    [{ message: 'x', to: 'A, B,#c' }, ['A', 'B', '#c']],
    [{ message: 'x', to: ' CC-2 ' }, ['CC-2']],
    [{ message: 'x', to: ['A', 'B'] }, ['A', 'B']],
    [{ message: 'x', to: 'A,A' }, ['A']],
    [{ message: 'x', to: null }, ['all']],
    [{ message: 'x', to: 'A', reply_to: 'm1' }, ['A']],
  ])('sends %j to %j', async (args, to) => {
    const session = new FakeSession();
    await callTool(sendTool, session, args);
    expect(session.sent[0]?.to).toEqual(to);
  });

  it('leaves the address of an answer to the relay', async () => {
    const session = new FakeSession();
    await callTool(sendTool, session, { message: 'yes', reply_to: 'm1' });
    expect(session.sent[0]).toMatchObject({ body: 'yes', reply_to: 'm1' });
    expect(session.sent[0]).not.toHaveProperty('to');
  });

  it('passes thread and priority on, and makes an id of the relay’s form', async () => {
    const session = new FakeSession();
    await callTool(sendTool, session, { message: 'x', thread: 'auth review', priority: 'urgent' });
    expect(session.sent[0]).toMatchObject({ thread: 'auth review', priority: 'urgent' });
    expect(session.sent[0]?.id).toMatch(/^m[0-9a-z]{12}$/);
  });

  it('makes a new id for each send', async () => {
    const session = new FakeSession();
    const call = new TestCall();
    await callTool(sendTool, session, { message: 'x' }, call);
    await callTool(sendTool, session, { message: 'x' }, call);
    expect(session.sent[0]?.id).not.toBe(session.sent[1]?.id);
  });

  it.each([{}, { message: '' }, { message: null }, { text: 'x' }, { message: ['x'] }])(
    'answers %j at once with an error',
    async (args) => {
      const session = new FakeSession();
      const answer = await callTool(sendTool, session, args);
      expect(answer.isError).toBe(true);
      expect(session.sent).toEqual([]);
    },
  );

  it('says what the relay refused', async () => {
    const session = new FakeSession();
    session.onSend = () =>
      Promise.reject(new RelayError('unknown_recipient', 'Nobody called CC-22 was ever here; near: CC-2.'));
    const answer = await callTool(sendTool, session, { message: 'x', to: 'CC-22' });
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('near: CC-2') });
  });
});

describe('a question', () => {
  const ask = { message: 'Done?', to: 'CC-2', wait_reply_seconds: 60 };

  it('returns its answer, wrapped, and says handed', async () => {
    const session = new FakeSession();
    const call = new TestCall();
    const asking = sendTool.run(session, ask, call);
    await settle();
    session.deliver(envelope({ position: 5, reply_to: session.sent[0]?.id ?? '', body: 'yes' }));
    const answer = await asking;
    expect(parseWrapper(answer.text)).toMatchObject([{ body: 'yes', header: { reply_to: session.sent[0]?.id } }]);
    call.written();
    expect(session.handedPositions).toEqual([5]);
  });

  it('leaves other mail unread', async () => {
    const session = new FakeSession();
    const call = new TestCall();
    const asking = sendTool.run(session, ask, call);
    await settle();
    session.deliver(envelope({ position: 4 }));
    await settle();
    session.deliver(envelope({ position: 5, reply_to: session.sent[0]?.id ?? '' }));
    expect(shownIds((await asking).text)).toEqual(['m5']);
    expect(session.inbox.map((message) => message.id)).toEqual(['m4']);
  });

  it('gets its answer although a receive waits at the same time', async () => {
    const session = new FakeSession();
    const shelf = new Shelf();
    const receiving = receiveTool.run(session, { wait_seconds: 60 }, new TestCall({ shelf }));
    await settle();
    const asking = sendTool.run(session, ask, new TestCall({ shelf }));
    await settle();
    session.deliver(envelope({ position: 5, reply_to: session.sent[0]?.id ?? '' }));
    expect(shownIds((await asking).text)).toEqual(['m5']);
    session.deliver(envelope({ position: 6 }));
    expect(shownIds((await receiving).text)).toEqual(['m6']);
  });

  it('gets an answer that comes before the send itself is answered', async () => {
    const session = new FakeSession();
    session.onSend = async (draft) => {
      session.deliver(envelope({ position: 5, reply_to: draft.id ?? '' }));
      return { id: draft.id ?? '', position: 1, at: 0, to: [] };
    };
    expect(shownIds((await callTool(sendTool, session, ask)).text)).toEqual(['m5']);
  });

  it('says when no answer came, and that one will come later', async () => {
    const session = new FakeSession();
    const clock = new FakeClock();
    const call = new TestCall({ clock, client: 'claude-code' });
    const asking = sendTool.run(session, ask, call);
    await settle();
    await clock.advance(60_000);
    const answer = await asking;
    expect(answer.isError).toBeUndefined();
    expect(answer.text).toMatch(/No reply within 60 s; it will come with relay_receive\.$/);
    expect(call.progressed.length).toBeGreaterThanOrEqual(3);
  });

  it('leaves a late answer to relay_receive', async () => {
    const session = new FakeSession();
    const clock = new FakeClock();
    const shelf = new Shelf();
    const asking = sendTool.run(session, ask, new TestCall({ clock, shelf }));
    await settle();
    await clock.advance(60_000);
    await asking;
    session.deliver(envelope({ position: 5, reply_to: session.sent[0]?.id ?? '' }));
    expect(shownIds((await callTool(receiveTool, session, {}, new TestCall({ shelf }))).text)).toEqual(['m5']);
  });

  it('kept in the outbox still waits for its answer', async () => {
    const session = new FakeSession();
    session.onSend = (draft) => ({ id: draft.id ?? '', kept: true });
    const asking = sendTool.run(session, ask, new TestCall());
    await settle();
    session.deliver(envelope({ position: 5, reply_to: session.sent[0]?.id ?? '' }));
    expect(shownIds((await asking).text)).toEqual(['m5']);
  });

  it('that could not be sent is an error, and reserves nothing', async () => {
    const session = new FakeSession();
    const shelf = new Shelf();
    session.onSend = () => Promise.reject(new RelayError('unknown_recipient'));
    const answer = await callTool(sendTool, session, ask, new TestCall({ shelf }));
    expect(answer.isError).toBe(true);
    shelf.put([envelope({ position: 1, reply_to: session.sent[0]?.id ?? '' })]);
    expect(shelf.count({})).toBe(1);
  });

  it('keeps within what its program allows', async () => {
    const session = new FakeSession();
    const clock = new FakeClock();
    const asking = sendTool.run(session, { ...ask, wait_reply_seconds: 240 }, new TestCall({ clock }));
    await settle();
    await clock.advance(50_000);
    expect((await asking).text).toMatch(/within 50 s/);
  });
});

describe('relay_receive', () => {
  it('shows ten when it is not told how many', async () => {
    const session = new FakeSession();
    session.deliver(...Array.from({ length: 12 }, (_, i) => envelope({ position: i + 1 })));
    const { text } = await callTool(receiveTool, session, {});
    expect(shownIds(text)).toEqual(Array.from({ length: 10 }, (_, i) => `m${i + 1}`));
    expect(text).toMatch(/^10 messages, oldest first\. 2 more unread/);
  });

  it('carries the same messages in its structured form, with a notice', async () => {
    const session = new FakeSession();
    session.deliver(envelope({ position: 1 }), envelope({ position: 2 }));
    const { structured } = await callTool(receiveTool, session, { count: 1 });
    expect(structured).toMatchObject({
      notice: expect.stringMatching(/not from your user/),
      messages: [{ id: 'm1', body: 'body 1' }],
      more: 1,
    });
  });

  it.each([
    [undefined, 50],
    ['some-client', 50],
    ['codex-mcp-client', 240],
    ['claude-code', 240],
    ['gemini-cli-mcp-client', 240],
  ])('waits for %s at most %d s', async (client, seconds) => {
    const session = new FakeSession();
    const clock = new FakeClock();
    const call = client === undefined ? new TestCall({ clock }) : new TestCall({ clock, client });
    const receiving = receiveTool.run(session, { wait_seconds: MAX_WAIT_SECONDS }, call);
    await settle();
    await clock.advance(seconds * 1000 - 1);
    await settle();
    expect(clock.pending).toBeGreaterThan(0);
    await clock.advance(1);
    expect((await receiving).text).toBe(`No unread messages in ${seconds} s. Call again to go on waiting.`);
  });

  it('replays without taking anything', async () => {
    const session = new FakeSession();
    session.deliver(envelope({ position: 9 }));
    session.answers.history = { messages: [envelope({ position: 8 })], more: true };
    const { text } = await callTool(receiveTool, session, { replay: true, from: 'CC-2', thread: 'auth', count: 3 });
    expect(shownIds(text)).toEqual(['m8']);
    expect(session.requests).toEqual([
      { verb: 'history', args: { with: 'CC-2', thread: 'auth', incoming: true, count: 3 } },
    ]);
    expect(session.handedPositions).toEqual([]);
    expect(session.inbox).toHaveLength(1);
  });
});

describe('relay_history', () => {
  it('passes every filter on', async () => {
    const session = new FakeSession();
    session.answers.history = { messages: [], more: false };
    const args = { query: 'green', with: 'CC-2', room: '#build', thread: 'auth', before: 90, count: 4 };
    await callTool(historyTool, session, args);
    expect(session.requests).toEqual([{ verb: 'history', args }]);
  });

  it('shows the newest of a page that is too long for an answer, and where the older ones begin', async () => {
    const session = new FakeSession();
    session.answers.history = {
      messages: [1, 2, 3].map((position) => envelope({ position, body: 'x'.repeat(4_000) })),
      more: false,
    };
    const { text } = await callTool(historyTool, session, {}, new TestCall({ client: 'codex-mcp-client' }));
    expect(shownIds(text)).toEqual(['m2', 'm3']);
    expect(text).toContain('"before": 2');
  });

  it('shows one message that alone is too long', async () => {
    const session = new FakeSession();
    session.answers.history = {
      messages: [1, 2].map((position) => envelope({ position, body: 'x'.repeat(40_000) })),
      more: false,
    };
    const { text } = await callTool(historyTool, session, {}, new TestCall({ client: 'codex-mcp-client' }));
    expect(shownIds(text)).toEqual(['m2']);
  });
});

describe('relay_room', () => {
  it.each([
    ['build', '#build'],
    ['#build', '#build'],
  ])('takes a room written %s', async (room, asked) => {
    const session = new FakeSession();
    session.answers.join = ({ room: joined }) => ({ room: joined, members: 1 });
    await callTool(roomTool, session, { action: 'join', room });
    expect(session.requests).toEqual([{ verb: 'join', args: { room: asked } }]);
  });

  it('lists without a room', async () => {
    const session = new FakeSession();
    session.answers.rooms = { rooms: [], more: 0 };
    await callTool(roomTool, session, { action: 'list', room: null });
    expect(session.requests).toEqual([{ verb: 'rooms', args: {} }]);
  });
});

describe('the tools that show what peers said of themselves', () => {
  it('make it safe in the structured form too', async () => {
    const session = new FakeSession();
    session.answers.sessions = {
      sessions: [
        { name: 'sly', kind: 'agent', here: true, last_seen: 0, cwd: '/a\u001b[2J\u202e\u{e0041}', program: 'x\ny' },
      ],
      more: 0,
    };
    const { structured } = await callTool(sessionsTool, session, {});
    expect(JSON.stringify(structured)).not.toMatch(/\\u001b|\\n|\u202e|\u{e0041}/u);
  });
});

describe('relay_status', () => {
  it('is no error when nothing can be reached', async () => {
    const session = new FakeSession();
    session.answers.status = new RelayError('not_connected');
    session.answers.receipts = new RelayError('not_connected');
    session.state.connected = false;
    const answer = await callTool(statusTool, session, {});
    expect(answer.isError).toBeUndefined();
    expect(answer.text).toMatch(/^You are CC-1\.\nNot connected to /);
    expect(answer.structured).toMatchObject({ name: 'CC-1', connected: false, sends: [] });
  });
});

describe('relay_rename', () => {
  it('asks for the new name', async () => {
    const session = new FakeSession();
    session.answers.rename = { name: 'b', was: 'CC-1' };
    await callTool(renameTool, session, { to: 'b' });
    expect(session.requests).toEqual([{ verb: 'rename', args: { to: 'b' } }]);
  });
});

describe('what is known of a client', () => {
  it('is the least of all for one that is not known', () => {
    expect(traitsOf('whatever')).toEqual(traitsOf(undefined));
    expect(traitsOf('whatever').waitSeconds).toBe(50);
  });

  it('goes by the beginning of its name', () => {
    expect(traitsOf('codex-mcp-client').answerChars).toBeLessThan(12_000);
    expect(traitsOf('my-codex').answerChars).toBe(traitsOf(undefined).answerChars);
  });
});
