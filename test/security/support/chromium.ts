/** Debian's Chromium, without a window, over its DevTools protocol. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { sleep, systemClock } from '../../../src/util/clock.ts';
import { afterEveryTest } from '../../support/cleanup.ts';
import { tempDir } from '../../support/temp-dir.ts';

interface Message {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

const running = new Set<Chromium>();

export class Chromium {
  readonly #child: ChildProcess;
  readonly #ws: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #last = 0;

  private constructor(child: ChildProcess, ws: WebSocket) {
    this.#child = child;
    this.#ws = ws;
    ws.on('message', (data) => this.#onMessage(JSON.parse(data.toString())));
  }

  /** `args`: further flags. Throws when there is none: Debian's package is in `scripts/apt-packages.txt`. */
  static async start(args: readonly string[] = []): Promise<Chromium> {
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
    const own = [`--user-data-dir=${tempDir()}`, '--remote-debugging-port=0'];
    const child = spawn('chromium', [...flags, ...own, ...args, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own: what it starts is ended with it.
      detached: true,
    });
    const ws = new WebSocket(await devtoolsUrl(child));
    await once(ws, 'open');
    const chromium = new Chromium(child, ws);
    running.add(chromium);
    return chromium;
  }

  /** A tab of its own, when it has loaded (or failed to). */
  async open(url: string): Promise<Page> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, String(sessionId));
    await page.go(url);
    return page;
  }

  async send(method: string, params: object = {}, sessionId?: string): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#last;
    const answered = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    this.#ws.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
    const { result, error } = await answered;
    if (!result) throw new Error(`${method}: ${error?.message}`);
    return result;
  }

  async end(): Promise<void> {
    running.delete(this);
    this.#ws.terminate();
    const ended = once(this.#child, 'exit');
    const group = -(this.#child.pid ?? 0);
    process.kill(group, 'SIGKILL');
    await ended;
    // Its other processes write into its directory until they are gone.
    while (isThere(group)) await sleep(systemClock, 20);
  }

  #onMessage(message: Message): void {
    if (message.id === undefined) return;
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }
}

/** A process, or a group by its negative number. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export class Page {
  readonly #chromium: Chromium;
  readonly #session: string;

  constructor(chromium: Chromium, session: string) {
    this.#chromium = chromium;
    this.#session = session;
  }

  async go(url: string): Promise<void> {
    await this.#chromium.send('Page.navigate', { url }, this.#session);
    await this.run(`new Promise((resolve) => {
      if (document.readyState === 'complete') resolve();
      else addEventListener('load', () => resolve());
    })`);
  }

  /** The value of an expression, awaited; it must be JSON. */
  async run(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#chromium.send('Runtime.evaluate', params, this.#session);
    if (exceptionDetails) throw new Error(`The page threw: ${JSON.stringify(exceptionDetails)}`);
    return Object(result).value;
  }
}

async function devtoolsUrl(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Chromium ended: ${said}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [, url] = /DevTools listening on (ws:\S+)/.exec(said) ?? [];
      if (url) resolve(url);
    });
  });
}

afterEveryTest(async () => {
  for (const chromium of [...running]) await chromium.end();
});
