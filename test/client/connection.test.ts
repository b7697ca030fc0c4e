import { beforeEach, describe, expect, it } from 'vitest';
import { Connection, type Pushed, REQUEST_MS } from '../../src/client/connection.ts';
import { type Code, RelayError } from '../../src/protocol/codes.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { errorFrame, isPending, ScriptedRelay, type ScriptedSocket } from './scripted-relay.ts';

const hello = { instance: 'i1', seat: true, name: 'CC-1' } as const;
const withCode = (code: Code) => expect.objectContaining({ code });

let clock: FakeClock;
let relay: ScriptedRelay;
let pushed: Pushed[];
let late: unknown[];

beforeEach(() => {
  clock = new FakeClock();
  relay = new ScriptedRelay();
  pushed = [];
  late = [];
});

async function connect(): Promise<{ connection: Connection; socket: ScriptedSocket }> {
  await relay.connect({ url: 'ws://x' });
  const connection = new Connection({
    socket: relay.socket,
    clock,
    onPush: (frame) => pushed.push(frame),
    onLate: (verb, result) => late.push([verb, result]),
  });
  return { connection, socket: relay.socket };
}

async function opened(): Promise<{ connection: Connection; socket: ScriptedSocket }> {
  const made = await connect();
  await made.connection.open(hello);
  return made;
}

describe('hello', () => {
  it('is the first frame, with the version of the protocol, and is answered by the welcome', async () => {
    const { connection, socket } = await connect();
    relay.welcome = { key: 'k', unread: 3 };
    expect(await connection.open(hello)).toMatchObject({ name: 'CC-1', key: 'k', unread: 3 });
    expect(socket.sent).toEqual([{ type: 'hello', v: 1, ...hello }]);
  });

  it.each(['unauthorized', 'version_unsupported', 'name_taken', 'too_many_sessions', 'name_invalid'] as const)(
    'refused with %s ends the connection with that error',
    async (code) => {
      const { connection, socket } = await connect();
      relay.refusing = new RelayError(code, 'Because.');
      await expect(connection.open(hello)).rejects.toEqual(withCode(code));
      expect((await connection.closed).message).toBe('Because.');
      expect(socket.closedWith).toBe(1000);
      expect(clock.pending).toBe(0);
    },
  );

  it('that is not answered is given up', async () => {
    const { connection, socket } = await connect();
    socket.onFrame = () => {};
    const open = connection.open(hello);
    const failed = expect(open).rejects.toEqual(withCode('timeout'));
    await clock.run(15_000);
    await failed;
    expect((await connection.closed).code).toBe('timeout');
  });

  it('on a socket that is gone fails', async () => {
    const { connection, socket } = await connect();
    socket.hangUp(1006);
    await settle();
    await expect(connection.open(hello)).rejects.toEqual(withCode('not_connected'));
  });

  it('is cut off with the reason that the close code tells', async () => {
    const { connection, socket } = await connect();
    socket.onFrame = () => socket.hangUp(4401);
    await expect(connection.open(hello)).rejects.toEqual(withCode('unauthorized'));
  });
});

describe('a request', () => {
  it('is answered by its id, in whatever order the answers come', async () => {
    const { connection, socket } = await opened();
    relay.answers.send = () => 'silence';
    const answers = [1, 2, 3].map((n) => connection.request('send', { body: `${n}` }));
    await settle();
    const ids = socket.frames('request').map((frame) => frame.id);
    for (const i of [2, 0, 1]) socket.push({ type: 'answer', id: ids[i] ?? -1, result: { n: i } });
    expect(await Promise.all(answers)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  });

  it('gets the error that names it, and nobody else notices', async () => {
    const { connection } = await opened();
    relay.answers.join = () => ({ error: new RelayError('unknown_room') });
    relay.answers.send = () => ({ result: { ok: true } });
    const join = connection.request('join', { room: '#x' });
    const send = connection.request('send', { body: 'x' });
    await expect(join).rejects.toEqual(withCode('unknown_room'));
    expect(await send).toEqual({ ok: true });
  });

  it('gets an error code of a later version as internal, with its sentence', async () => {
    const { connection, socket } = await opened();
    relay.answers.send = () => 'silence';
    const send = connection.request('send', { body: 'x' });
    await settle();
    socket.push({
      type: 'error',
      id: socket.frames('request')[0]?.id ?? -1,
      code: 'from_the_future',
      message: 'Well.',
      retry: false,
    });
    await expect(send).rejects.toEqual(expect.objectContaining({ code: 'internal', message: 'Well.' }));
    expect(await isPending(connection.closed)).toBe(true);
  });

  it('takes the whole connection with it when its error is one that closes', async () => {
    const { connection } = await opened();
    relay.answers.send = () => ({ error: new RelayError('frame_too_large') });
    await expect(connection.request('send', { body: 'x' })).rejects.toEqual(withCode('frame_too_large'));
    expect((await connection.closed).code).toBe('frame_too_large');
  });

  const patience: readonly [string, number, number | undefined, number][] = [
    ['fifteen seconds', 0, undefined, REQUEST_MS],
    ['fifteen seconds and what it may wait itself', 50, undefined, REQUEST_MS + 50_000],
    ['as long as it is told', 50, 1_000, 1_000],
  ];
  it.each(patience)('waits %s', async (_, seconds, timeoutMs, ms) => {
    const { connection, socket } = await opened();
    relay.answers.receive = () => 'silence';
    const receive = connection.request('receive', { wait_seconds: seconds }, { timeoutMs });
    const failed = expect(receive).rejects.toEqual(withCode('timeout'));
    await clock.run(ms - 1);
    expect(await isPending(receive)).toBe(true);
    await clock.run(1);
    await failed;
    expect(socket.closedWith).toBeUndefined();
  });

  it('is not even sent under a signal that has aborted', async () => {
    const { connection, socket } = await opened();
    await expect(connection.request('peers', {}, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    expect(socket.frames('request')).toHaveLength(0);
  });

  it('can be given up; its late answer is handed on, once, and not to another request', async () => {
    const { connection, socket } = await opened();
    relay.answers.receive = () => 'silence';
    const end = new AbortController();
    const receive = connection.request('receive', { wait_seconds: 60 }, { signal: end.signal });
    await settle();
    end.abort('changed my mind');
    await expect(receive).rejects.toBe('changed my mind');
    const id = socket.frames('request')[0]?.id;
    socket.push({ type: 'answer', id, result: { messages: [], more: 0 } });
    socket.push({ type: 'answer', id, result: 'again' });
    await settle();
    expect(late).toEqual([['receive', { messages: [], more: 0 }]]);
  });

  it('fails when the connection is lost, saying that it may have been done, and leaves no timer', async () => {
    const { connection, socket } = await opened();
    relay.answers.send = () => 'silence';
    const sends = [1, 2].map(() => connection.request('send', { body: 'x' }));
    await settle();
    socket.hangUp(1006);
    for (const send of sends) {
      await expect(send).rejects.toEqual(
        expect.objectContaining({ code: 'not_connected', message: expect.stringContaining('not known') }),
      );
    }
    expect(clock.pending).toBe(0);
    await expect(connection.request('peers', {})).rejects.toEqual(withCode('not_connected'));
  });

  const ends: readonly [string, (socket: ScriptedSocket) => void, RegExp][] = [
    ['a frame that is cut off', (socket) => socket.listener?.onText('{"type":"answer","id":'), /went away/],
    ['what is no frame', (socket) => socket.listener?.onText('[]'), /went away/],
    ['replaced', (socket) => socket.push(errorFrame(new RelayError('replaced'))), /came back on another connection/],
    [
      'another token',
      (socket) => socket.push(errorFrame(new RelayError('unauthorized', 'Join again.'))),
      /Join again\./,
    ],
    ['the close code of another version', (socket) => socket.hangUp(4406), /another version/],
    ['shutting down', (socket) => socket.push(errorFrame(new RelayError('shutting_down'))), /went away/],
  ];
  it.each(ends)('under way when the connection ends by %s is not refused, but not answered', async (_, end, says) => {
    const { connection, socket } = await opened();
    relay.answers.send = () => 'silence';
    const send = connection.request('send', { body: 'x' });
    await settle();
    end(socket);
    const error = await send.catch((error: unknown) => error);
    expect(error).toEqual(withCode('not_connected'));
    expect(error).toEqual(expect.objectContaining({ message: expect.stringMatching(says) }));
    expect(error).toEqual(expect.objectContaining({ message: expect.stringMatching(/is not known\.$/) }));
  });

  describe('that is larger than the relay takes', () => {
    const three = async () => {
      const { connection, socket } = await opened();
      relay.answers.send = () => 'silence';
      const end = new AbortController();
      const sends = ['small', 'ß'.repeat(400), 'x'.repeat(600)].map((body, i) =>
        connection.request('send', { body }, i === 1 ? { signal: end.signal } : {}).catch((error: unknown) => error),
      );
      await settle();
      return { sends, socket, end };
    };

    it('is told so, and the others that they were not answered', async () => {
      const { sends, socket } = await three();
      socket.hangUp(1009);
      const [small, largest, other] = await Promise.all(sends);
      expect(largest).toEqual(withCode('frame_too_large'));
      for (const error of [small, other])
        expect(error).toEqual(
          expect.objectContaining({ code: 'not_connected', message: expect.stringContaining('went away') }),
        );
    });

    it('and that nobody waits for any more: no other is told that it was', async () => {
      const { sends, socket, end } = await three();
      end.abort('enough');
      socket.hangUp(1009);
      expect(await Promise.all(sends)).toEqual([withCode('not_connected'), 'enough', withCode('not_connected')]);
    });
  });
});

describe('what the relay says unasked', () => {
  it('is handed on in order', async () => {
    const { socket } = await opened();
    const frames = [
      { type: 'more', unread: 2 },
      { type: 'deliver', messages: [], unread: 2 },
      { type: 'receipt', id: 'm1', name: 'B', state: 'seen', at: 1 },
      { type: 'presence', event: 'joined', name: 'B', at: 1 },
    ];
    for (const frame of frames) socket.push(frame);
    await settle();
    expect(pushed).toEqual(frames);
  });

  it('is passed over when it is of a later version', async () => {
    const { connection, socket } = await opened();
    socket.push({ type: 'sparkles', n: 1 });
    await settle();
    expect(pushed).toEqual([]);
    expect(await isPending(connection.closed)).toBe(true);
  });

  it('is survived when it complains about a frame without ending the connection', async () => {
    const { connection, socket } = await opened();
    socket.push({ type: 'error', code: 'bad_frame', message: 'What?', retry: false });
    await settle();
    expect(await isPending(connection.closed)).toBe(true);
  });

  it('ends the connection when it is not a frame at all', async () => {
    const { connection, socket } = await opened();
    socket.listener?.onText('not json');
    expect((await connection.closed).code).toBe('bad_frame');
  });
});

describe('the end', () => {
  const ends: readonly [number, Code][] = [
    [1000, 'not_connected'],
    [1006, 'not_connected'],
    [1001, 'shutting_down'],
    [1009, 'frame_too_large'],
    [4401, 'unauthorized'],
    [4406, 'version_unsupported'],
    [4409, 'replaced'],
    [4410, 'silent'],
    [4999, 'not_connected'],
  ];
  it.each(ends)('by close code %i is %s', async (closeCode, code) => {
    const { connection, socket } = await opened();
    socket.hangUp(closeCode);
    expect((await connection.closed).code).toBe(code);
    expect(clock.pending).toBe(0);
  });

  it('keeps the reason of the error frame before it', async () => {
    const { connection, socket } = await opened();
    socket.push({ type: 'error', code: 'replaced', message: 'Exactly this.', retry: false });
    socket.hangUp(1006);
    expect((await connection.closed).message).toBe('Exactly this.');
  });

  it('by goodbye says so to the relay, once', async () => {
    const { connection, socket } = await opened();
    connection.bye();
    connection.bye();
    expect(socket.frames('bye')).toHaveLength(1);
    expect((await connection.closed).code).toBe('not_connected');
    expect(clock.pending).toBe(0);
  });

  it('is not heard after: frames that still come are ignored', async () => {
    const { connection, socket } = await opened();
    connection.drop(new RelayError('not_connected'));
    socket.listener?.onText('{"type":"more","unread":1}');
    expect(pushed).toEqual([]);
  });
});

describe('pings', () => {
  it('go out every five seconds and keep a quiet connection', async () => {
    const { connection, socket } = await opened();
    await clock.run(60_000);
    expect(socket.pings).toBe(12);
    expect(await isPending(connection.closed)).toBe(true);
  });

  it('that nobody answers end the connection after fifteen seconds of silence', async () => {
    const { connection, socket } = await opened();
    await clock.run(10_000);
    socket.isFrozen = true;
    await clock.run(14_999);
    expect(await isPending(connection.closed)).toBe(true);
    await clock.run(1);
    expect((await connection.closed).code).toBe('not_connected');
    expect(socket.wasTerminated).toBe(true);
  });

  it('count any frame as a sign of life', async () => {
    const { connection, socket } = await opened();
    socket.isFrozen = true;
    for (let i = 0; i < 6; i += 1) {
      await clock.run(10_000);
      socket.push({ type: 'more', unread: 0 });
      await settle();
    }
    expect(await isPending(connection.closed)).toBe(true);
  });

  it('do not judge the relay when this process itself was stopped', async () => {
    const stopped = new StoppableClock();
    clock = stopped;
    const { connection, socket } = await opened();
    await stopped.run(6_000);
    stopped.sleepWithoutTimers(600_000);
    await stopped.run(10_000);
    expect(await isPending(connection.closed)).toBe(true);
    socket.isFrozen = true;
    await stopped.run(25_000);
    expect((await connection.closed).code).toBe('not_connected');
  });
});

/** Time that passed while the process was stopped: no timer fires for it. */
class StoppableClock extends FakeClock {
  #skipped = 0;

  sleepWithoutTimers(ms: number): void {
    this.#skipped += ms;
  }

  override monotonic(): number {
    return super.monotonic() + this.#skipped;
  }
}
