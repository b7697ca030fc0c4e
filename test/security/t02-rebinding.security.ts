/**
 * T2: a page whose own name was rebound to this machine is of the same origin as the relay, for its browser. `Host` still says
 * its name. Values by the dozen: `test/http/guard.test.ts`; the MCP suite's own scenario: `test/e2e/conformance.test.ts`.
 */
import { describe, expect, it } from 'vitest';
import { record } from '../faults/support/figures.ts';
import { Chromium } from './support/chromium.ts';
import { watchedRelay } from './support/watched-relay.ts';

/** Each leads to the loopback, by the resolver's rules or of itself. */
const NAMES = [
  'evil.example',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'evil-localhost',
  'evil.localhost',
  'relay.evil.localhost',
  'localhost.',
  '0.0.0.0',
];

const ATTEMPTS = `Promise.all([
  fetch('/healthz').then(({ status }) => status, String),
  fetch('/v1/status', { method: 'POST', body: '{}' }).then(({ status }) => status, String),
  fetch('/mcp?as=EVIL', { method: 'POST', body: '{}' }).then(({ status }) => status, String),
  new Promise((resolve) => {
    const ws = new WebSocket('ws://' + location.host);
    ws.onopen = () => resolve('open');
    ws.onerror = () => resolve('error');
  }),
])`;

describe('T2: a page whose name was rebound to the relay', () => {
  it('is answered 403 at every path, and gets no connection', async () => {
    const watched = await watchedRelay({ legacy: true });
    const chromium = await Chromium.start([
      '--host-resolver-rules=MAP *.example 127.0.0.1, MAP evil-localhost 127.0.0.1',
    ]);
    const got: Record<string, unknown> = {};
    for (const name of NAMES) {
      const page = await chromium.open(`http://${name}:${watched.relay.port}/healthz`);
      got[name] = await page.run(ATTEMPTS);
    }
    expect(got).toEqual(Object.fromEntries(NAMES.map((name) => [name, [403, 403, 403, 'error']])));
    expect(watched.answers.filter((answer) => !answer.endsWith(' 403'))).toEqual([]);
    expect(new Set(watched.upgrades())).toEqual(new Set(['forbidden_host']));
    expect(watched.inside()).toEqual({ sessions: 0, connections: 0 });
    record('T2', { names: NAMES.length, requests: watched.answers.length, 'let in': 0 });
  });

  it('would be let in under a name that the relay answers to: the rig can tell', async () => {
    const watched = await watchedRelay({ legacy: true, allowHosts: ['evil.example'] });
    const chromium = await Chromium.start(['--host-resolver-rules=MAP *.example 127.0.0.1']);
    const page = await chromium.open(`http://evil.example:${watched.relay.port}/healthz`);
    expect(await page.run(ATTEMPTS)).toEqual([200, 401, 401, 'open']);
    record('T2', { 'control open': 1 });
  });
});
