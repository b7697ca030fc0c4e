import { createServer, type RequestListener } from 'node:http';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { askAdmin, streamAdmin } from '../../src/client/admin.ts';

const servers: (() => void)[] = [];
afterEach(() => {
  for (const stop of servers.splice(0)) stop();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

const brokenOff = { code: 'timeout', message: expect.stringMatching(/^The relay broke off .*; see whether it runs/) };

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe('asking a relay to work on its data', () => {
  it('posts the arguments with the token, and answers what comes', async () => {
    const url = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () =>
        response.end(JSON.stringify([request.method, request.url, request.headers.authorization, body])),
      );
    });
    expect(await askAdmin('prune', { count: 1 }, { url, token: 't' })).toEqual([
      'POST',
      '/admin/prune',
      'Bearer t',
      '{"count":1}',
    ]);
  });

  it('gives a long answer to a sink as it comes', async () => {
    const url = await serve((_, response) => {
      for (let i = 0; i < 50; i++) response.write('x'.repeat(10_000));
      response.end();
    });
    const sink = new Sink();
    await streamAdmin('export', {}, { url, token: undefined }, sink);
    expect([sink.text.length, sink.writableEnded]).toEqual([500_000, false]);
  });

  it.each([
    ['with a length', { 'content-length': '100' }],
    ['without one', {}],
  ])('does not take an answer for whole that broke off, %s', async (_, headers) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, headers);
      response.write('half');
      setImmediate(() => response.destroy());
    });
    // Not the code by which one hears that no relay is there: somebody would do the work twice.
    await expect(streamAdmin('backup', {}, { url, token: 't' }, new Sink())).rejects.toMatchObject(brokenOff);
    await expect(askAdmin('verify', {}, { url, token: 't' })).rejects.toMatchObject(brokenOff);
  });

  it('throws the refusal that broke off as that', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(507, { 'content-length': '100' });
      response.write('{');
      setImmediate(() => response.destroy());
    });
    await expect(askAdmin('prune', {}, { url, token: 't' })).rejects.toMatchObject(brokenOff);
  });

  it('ends with the reason of the signal in the middle of an answer', async () => {
    const url = await serve((_, response) => void response.write('half'));
    const why = new Error('enough');
    for (const ask of [askAdmin, streamAdmin]) {
      const end = new AbortController();
      const sink = new Sink();
      const asked = ask('verify', {}, { url, token: 't', signal: end.signal }, sink);
      setTimeout(() => end.abort(why), 50);
      await expect(asked).rejects.toBe(why);
    }
  });

  it('throws what the sink could not take, however much of the answer is still to come', async () => {
    const url = await serve((_, response) => void response.write('half'));
    const why = new Error('ENOSPC');
    const full = new Writable({ write: (_chunk, _encoding, done) => done(why) });
    await expect(streamAdmin('export', {}, { url, token: 't' }, full)).rejects.toBe(why);
  });

  it('throws what the sink could not take', async () => {
    const url = await serve((_, response) => response.end('text'));
    const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error('ENOSPC')) });
    await expect(streamAdmin('export', {}, { url, token: 't' }, full)).rejects.toThrow('ENOSPC');
  });

  it('throws the refusal of the relay', async () => {
    const body = JSON.stringify({ error: { code: 'storage_full', message: 'No room.' } });
    const url = await serve((_, response) => response.writeHead(507).end(body));
    for (const asked of [
      askAdmin('verify', {}, { url, token: 't' }),
      streamAdmin('backup', {}, { url, token: 't' }, new Sink()),
    ])
      await expect(asked).rejects.toMatchObject({ code: 'storage_full', message: 'No room.' });
  });

  it('says that nobody is there', async () => {
    await expect(askAdmin('verify', {}, { url: 'ws://127.0.0.1:1', token: 't' })).rejects.toMatchObject({
      code: 'not_connected',
    });
  });
});
