/** T5: no other text than the token is taken for it, at no path, and who guesses is soon told to wait; the right one still works. */
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { systemClock } from '../../src/util/clock.ts';
import { record } from '../faults/support/figures.ts';
import { ask, bearer, exchange } from '../support/raw-http.ts';
import { WireClient } from '../support/wire-client.ts';
import { upgradeText } from './support/raw-socket.ts';
import { watchedRelay } from './support/watched-relay.ts';

/** Header lines that are not the token, but look like it. */
function nearly(token: string): Record<string, string> {
  const half = token.slice(0, token.length / 2);
  const line = (value: string) => `Authorization: ${value}\r\n`;
  return {
    'no header': '',
    'an empty header': line(''),
    'an empty token': line('Bearer '),
    'a short one': line('Bearer x'),
    'its first half': line(`Bearer ${half}`),
    'all but its last character': line(`Bearer ${token.slice(0, -1)}`),
    'one character more': line(`Bearer ${token}x`),
    'the other case': line(`Bearer ${swapped(token)}`),
    'upper case': line(`Bearer ${token.toUpperCase()}`),
    backwards: line(`Bearer ${[...token].reverse().join('')}`),
    'its digest': line(`Bearer ${'e'.repeat(64)}`),
    'full-width letters': line(`Bearer ${wide(token)}`),
    'a zero-width space in it': line(`Bearer ${half}\u200b${token.slice(half.length)}`),
    'a space in it': line(`Bearer ${half} ${token.slice(half.length)}`),
    'a byte of nothing behind it': line(`Bearer ${token}%00`),
    quoted: line(`Bearer "${token}"`),
    'two of it': line(`Bearer ${token} ${token}`),
    'a list': line(`Bearer ${token}, Bearer ${token}`),
    'without a scheme': line(token),
    'basic, as user': line(`Basic ${btoa(`${token}:`)}`),
    'basic, as password': line(`Basic ${btoa(`relay:${token}`)}`),
    'another scheme': line(`Digest ${token}`),
    'two headers, the right one first': line(`Bearer ${token}`) + line('Bearer x'),
    'two headers, the right one last': line('Bearer x') + line(`Bearer ${token}`),
    'two headers, both right': line(`Bearer ${token}`).repeat(2),
    'as a cookie': `Cookie: token=${token}\r\n`,
    'as another header': `X-Authorization: Bearer ${token}\r\nProxy-Authorization: Bearer ${token}\r\n`,
    'as a resume key': `Relay-Key: ${token}\r\n`,
    undefined: line('Bearer undefined'),
    null: line('Bearer null'),
  };
}

function swapped(text: string): string {
  return [...text].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join('');
}

/** U+FF21 and on look like A and on. Sent as UTF-8. */
function wide(text: string): string {
  return Buffer.from(text.replace(/[A-Z]/g, (c) => String.fromCodePoint(c.charCodeAt(0) + 0xfee0))).toString('latin1');
}

const PATHS = ['POST /v1/status', 'POST /mcp?as=EVIL', 'POST /admin/backup', 'GET /metrics', 'GET /?token=TOKEN'];

describe('T5: whatever is not the token', () => {
  it('is refused, at every path and for an upgrade', async () => {
    let tried = 0;
    const watched = await watchedRelay();
    const { port, token } = watched.relay;
    for (const [what, lines] of Object.entries(nearly(token))) {
      for (const path of PATHS) {
        const target = path.replace('TOKEN', token);
        const text = `${target} HTTP/1.1\r\nHost: localhost:${port}\r\n${lines}Content-Length: 0\r\nConnection: close\r\n\r\n`;
        const answer = await exchange(port, text);
        expect([what, path, answer.slice(0, 12)]).toEqual([
          what,
          path,
          expect.stringMatching(/^HTTP\/1\.1 4(00|01|29)$/),
        ]);
        tried += 1;
      }
      const upgrade = upgradeText(port).replace('\r\n\r\n', `\r\n${lines}\r\n`);
      expect([what, (await exchange(port, upgrade)).slice(0, 12)]).toEqual([
        what,
        expect.stringMatching(/^HTTP\/1\.1 4(00|01|29)$/),
      ]);
      tried += 1;
    }
    expect(watched.inside()).toEqual({ sessions: 0, connections: 0 });
    record('T5', { tried, 'let in': 0 });
  });

  it('is counted: five a minute from one address, over any path; the right one works all the while', async () => {
    const { relay } = await watchedRelay();
    const statuses: number[] = [];
    for (let n = 0; n < 50; n += 1) {
      const headers = bearer(`x${n}`.padEnd(43, 'x'));
      statuses.push(
        (await ask({ port: relay.port, method: 'POST', path: n % 2 ? '/v1/status' : '/mcp', headers })).status,
      );
      const right = await ask({ port: relay.port, method: 'POST', path: '/v1/status', headers: bearer(relay.token) });
      expect(right.status).toBe(200);
    }
    expect(statuses).toEqual([...Array(5).fill(401), ...Array(45).fill(429)]);
    const client = new WireClient(`ws://127.0.0.1:${relay.port}`, relay.token);
    await client.opened;
    client.cut();
    record('T5', { guesses: statuses.length, 'answered 401': 5, 'right ones refused': 0 });
  });

  it('may ask for challenges so often from one address; others, and who has a credential, meet no limit', async () => {
    // No time passes: nothing comes in.
    const { relay } = await watchedRelay({ clock: { ...systemClock, monotonic: () => 1_000 } });
    const statuses: string[] = [];
    for (let left = LIMITS.requestBurst; left > 0; left -= LIMITS.pipelined)
      statuses.push(...(await challengesFrom('127.0.0.1', relay.port, LIMITS.pipelined)));
    expect(statuses).toEqual(Array(LIMITS.requestBurst).fill('200'));
    expect(await challengesFrom('127.0.0.1', relay.port, 1)).toEqual(['429']);
    expect(await challengesFrom('127.0.0.9', relay.port, 1)).toEqual(['200']);
    const right = await ask({ port: relay.port, method: 'POST', path: '/v1/status', headers: bearer(relay.token) });
    expect(right.status).toBe(200);
  });

  it('is counted for each address by itself', async () => {
    const { relay } = await watchedRelay();
    const guess = (localAddress: string) => guessFrom(localAddress, relay.port);
    for (let n = 0; n < 6; n += 1) await guess('127.0.0.1');
    expect(await guess('127.0.0.1')).toContain(' 429 ');
    expect(await guess('127.0.0.9')).toContain(' 401 ');
  });
});

/** So many behind one another on one connection; the status of each answer. */
function challengesFrom(localAddress: string, port: number, count: number): Promise<string[]> {
  const body = JSON.stringify({ nonce: 'x'.repeat(43) });
  const head = `POST /challenge HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: ${body.length}\r\n`;
  const text = `${`${head}\r\n${body}`.repeat(count - 1)}${head}Connection: close\r\n\r\n${body}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress }, () => socket.write(text));
    let answers = '';
    socket.on('data', (chunk) => {
      answers += chunk;
    });
    socket.once('close', () => resolve([...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status)));
    socket.once('error', reject);
  });
}

/** The first line of the answer. */
function guessFrom(localAddress: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    socket.write(
      `GET /metrics HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer wrong\r\nConnection: close\r\n\r\n`,
    );
    socket.once('data', (chunk) => resolve(chunk.toString().split('\r\n')[0] ?? ''));
    socket.once('error', reject);
  });
}
