import { describe, expect, it } from 'vitest';
import { MemorySocket } from '../../src/transports/memory.ts';
import { settle } from '../support/fake-clock.ts';

function side(socket: MemorySocket) {
  const heard: string[] = [];
  socket.listen({
    onText: (text) => heard.push(text),
    onPong: (mark) => heard.push(`<pong ${mark}>`),
    onClose: (code) => heard.push(`<closed ${code}>`),
    onDrain: () => heard.push('<drain>'),
  });
  return heard;
}

function pair() {
  const [a, b] = MemorySocket.pair();
  return { a, b, atA: side(a), atB: side(b) };
}

describe('a linked pair of sockets', () => {
  it('carries text both ways, in order, and later than the call', async () => {
    const { a, b, atA, atB } = pair();
    a.send('1');
    a.send('2');
    b.send('3');
    expect([atA, atB]).toEqual([[], []]);
    await settle();
    expect([atA, atB]).toEqual([['3'], ['1', '2']]);
  });

  it('keeps what comes before anybody listens', async () => {
    const [a, b] = MemorySocket.pair();
    a.send('1');
    await settle();
    const heard = side(b);
    a.send('2');
    await settle();
    expect(heard).toEqual(['1', '2']);
  });

  it('delivers what was sent before a close, and tells both sides once, with the code', async () => {
    const { a, b, atA, atB } = pair();
    a.send('last');
    a.close(4409);
    a.close(1000);
    a.terminate();
    a.send('too late');
    await settle();
    b.close(1000);
    await settle();
    expect([atA, atB]).toEqual([['<closed 4409>'], ['last', '<closed 4409>']]);
    expect([a.closed, b.closed]).toEqual([true, true]);
  });

  it('says 1006 to both when one is cut', async () => {
    const { a, atA, atB } = pair();
    a.terminate();
    await settle();
    expect([atA, atB]).toEqual([['<closed 1006>'], ['<closed 1006>']]);
  });

  it('answers a ping, unless the other side is frozen or closed', async () => {
    const { a, b, atA } = pair();
    a.ping('1');
    await settle();
    b.frozen = true;
    a.ping('2');
    await settle();
    expect(atA).toEqual(['<pong 1>']);
    b.pong('2');
    await settle();
    expect([atA, b.pings]).toEqual([
      ['<pong 1>', '<pong 2>'],
      ['1', '2'],
    ]);
    a.close(1000);
    a.ping('3');
    await settle();
    expect(atA).toEqual(['<pong 1>', '<pong 2>', '<closed 1000>']);
  });

  it('plays a frozen peer: it hears nothing, not even the end', async () => {
    const { a, b, atB } = pair();
    b.frozen = true;
    a.send('x');
    a.close(1000);
    await settle();
    expect(atB).toEqual([]);
    expect(b.closed).toBe(false);
  });

  it('plays a slow reader, who says when it has caught up', () => {
    const { a, atA } = pair();
    expect(a.unsent).toBe(0);
    a.unsent = 5;
    expect(atA).toEqual([]);
    a.drain();
    expect([a.unsent, atA]).toEqual([0, ['<drain>']]);
  });
});
