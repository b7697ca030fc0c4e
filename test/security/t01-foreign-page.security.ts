/** T1: a web page of another origin, in a real browser, gets no connection and leaves nothing behind. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { record } from '../faults/support/figures.ts';
import { afterEveryTest } from '../support/cleanup.ts';
import { Chromium, type Page } from './support/chromium.ts';
import { type Watched, watchedRelay } from './support/watched-relay.ts';

/** What the page runs, over `port` and `token`: as much as a page could know. Resolves with `open` or what it got. */
const VARIANTS: Readonly<Record<string, string>> = {
  'ws to localhost': `socket('ws://localhost:' + port, ['claude-relay.v1'])`,
  'ws to 127.0.0.1': `socket('ws://127.0.0.1:' + port, ['claude-relay.v1'])`,
  'ws to [::1]': `socket('ws://[::1]:' + port, ['claude-relay.v1'])`,
  'ws without the subprotocol': `socket('ws://localhost:' + port)`,
  'ws with the token in the query': `socket('ws://localhost:' + port + '/?token=' + token, ['claude-relay.v1'])`,
  'ws in a sandboxed frame': `new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-scripts';
    frame.srcdoc = '<script>' + socket + '; socket("ws://localhost:' + port +
      '").then((got) => parent.postMessage(got, "*"))<' + '/script>';
    addEventListener('message', ({ data }) => resolve(data), { once: true });
    document.body.append(frame);
  })`,
  'ws in a worker': `new Promise((resolve) => {
    const code = socket + '; socket("ws://localhost:' + port + '").then((got) => postMessage(got))';
    new Worker(URL.createObjectURL(new Blob([code]))).onmessage = ({ data }) => resolve(data);
  })`,
  'fetch of a verb': `fetch('http://localhost:' + port + '/v1/send', { method: 'POST', mode: 'no-cors', body })
    .then(({ type }) => type, String)`,
  'fetch of /mcp': `fetch('http://localhost:' + port + '/mcp?as=EVIL', { method: 'POST', mode: 'no-cors', body })
    .then(({ type }) => type, String)`,
  'a form': `new Promise((resolve) => {
    document.body.innerHTML = '<iframe name="there"></iframe><form method="post" enctype="text/plain" target="there">' +
      '<input name=\\'{"to":"all","body":"\\' value=\\'"}\\'></form>';
    const form = document.querySelector('form');
    form.action = 'http://localhost:' + port + '/v1/send';
    document.querySelector('iframe').onload = () => resolve('loaded');
    form.submit();
  })`,
  'an EventSource': `new Promise((resolve) => {
    const source = new EventSource('http://localhost:' + port + '/mcp?as=EVIL');
    source.onopen = () => resolve('open');
    source.onerror = () => { source.close(); resolve('error'); };
  })`,
};

const UPGRADES = Object.keys(VARIANTS).filter((what) => what.startsWith('ws')).length;
const REQUESTS = Object.keys(VARIANTS).length - UPGRADES;

const PAGE = `<!doctype html><body><script>
function socket(url, protocols) {
  return new Promise((resolve) => {
    const ws = new WebSocket(url, protocols);
    ws.onopen = () => { ws.send('{"type":"register","clientId":"EVIL"}'); resolve('open'); };
    ws.onerror = () => resolve('error');
  });
}
</script>`;

const servers: ReturnType<typeof createServer>[] = [];
afterEveryTest(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A page of somebody else on this machine: another port is another origin. */
async function foreignPage(): Promise<string> {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(PAGE));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function attempt(page: Page, { relay }: Watched, code: string): Promise<unknown> {
  return page.run(`((port, token, body) => ${code})(${relay.port}, '${relay.token}', '{"to":"all","body":"x"}')`);
}

describe('T1: a page of another origin', () => {
  it('opens nothing and leaves nothing, in each way that a browser has', async () => {
    const watched = await watchedRelay({ legacy: true });
    const origin = await foreignPage();
    const chromium = await Chromium.start();
    const got: Record<string, unknown> = {};
    for (const [what, code] of Object.entries(VARIANTS)) {
      const page = await chromium.open(origin);
      got[what] = await attempt(page, watched, code);
    }
    expect(Object.entries(got).filter(([, answer]) => answer === 'open')).toEqual([]);
    // Each was refused before any frame, and by its origin.
    expect(watched.upgrades()).toEqual(Array.from({ length: UPGRADES }, () => 'forbidden_origin'));
    expect(watched.answers.filter((answer) => !answer.endsWith(' 403'))).toEqual([]);
    expect(watched.answers).toHaveLength(REQUESTS);
    expect(watched.inside()).toEqual({ sessions: 0, connections: 0 });
    record('T1', { variants: Object.keys(VARIANTS).length, open: 0, stored: 0 });
  });

  it('would be let in by a relay that takes its origin: the rig can tell', async () => {
    const origin = await foreignPage();
    const watched = await watchedRelay({ legacy: true, allowOrigins: [origin] });
    const chromium = await Chromium.start();
    const page = await chromium.open(origin);
    expect(await attempt(page, watched, VARIANTS['ws without the subprotocol'] ?? '')).toBe('open');
    expect(await attempt(page, watched, VARIANTS['ws with the token in the query'] ?? '')).toBe('error');
    expect(watched.upgrades()).toEqual(['unauthorized']);
    record('T1', { 'control open': 1 });
  });
});
