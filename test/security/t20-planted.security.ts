/** T20: what was planted in the state directory, before the start or while everything runs, is refused, and nobody writes through it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FileKeys } from '../../src/client/keys.ts';
import { Names } from '../../src/client/names.ts';
import { OutboxStore } from '../../src/client/outbox-store.ts';
import { writeConversation } from '../../src/config/conversations.ts';
import { berthPath, sweepBerths, writeBerth } from '../../src/config/rendezvous.ts';
import { writeRun } from '../../src/config/woken.ts';
import { LedgerStore } from '../../src/delivery/ledger-store.ts';
import { rotateLogs } from '../../src/service/rotate.ts';
import { systemClock } from '../../src/util/clock.ts';
import { errno, Failure } from '../../src/util/failure.ts';
import { createPrivate, writeAtomic } from '../../src/util/files.ts';
import { record } from '../faults/support/figures.ts';
import { liveRelay } from '../support/live-relay.ts';
import { tempDir } from '../support/temp-dir.ts';

const RELAY = new URL('ws://localhost:9999');
const { pid } = process;
/** Above what a system gives out: nobody runs under it. */
const NOBODY = 4_194_305;
const RACES = 1_000;

/** All that writes in a state directory, each on its own: what one refuses keeps none of the others. */
const WRITERS: Readonly<Record<string, (home: string) => unknown>> = {
  async relay(home) {
    const relay = await liveRelay({ home, legacy: false });
    await relay.verb('status', {}, 'A');
    await relay.verb('send', { to: 'A', body: 'to be found' }, 'A');
    await relay.verb('history', { query: 'found' }, 'A');
    await relay.end();
  },
  keys: (home) => new FileKeys(join(home, 'keys')).save(RELAY, 'A', 'key'),
  names: (home) => new Names(join(home, 'names.json'), systemClock).remember('/src', 's1', 'A'),
  outbox(home) {
    const draft = { id: 'm1', to: ['B'], body: 'x' };
    const store = new OutboxStore({ dir: join(home, 'outbox'), owner: { pid } });
    store.add('A', { seq: 1, id: 'm1', at: 1, draft });
  },
  ledger(home) {
    const envelope = { id: 'm1', position: 1, from: 'A', to: ['B'], at: 1, body: 'x' };
    const store = new LedgerStore(join(home, 'ledger'), (error) => {
      throw error;
    });
    store.save('A', 'e1', [{ envelope, way: 'hook', door: 'hook', at: 1, times: 1 }]);
  },
  run(home) {
    berthPath(home, pid);
    writeBerth(home, { pid, parent: 1, socket: join(home, 'run', `${pid}.sock`), cwd: '/' });
    sweepBerths(home);
  },
  resume(home) {
    writeRun(home, { pid, name: 'A', message: 'm1', from: 'B', at: 1 });
    const variables = {};
    writeConversation(home, {
      name: 'A',
      program: 'codex',
      id: 's1',
      cwd: '/',
      host: 'h',
      variables,
      isAllowed: false,
      at: 1,
    });
  },
  logs: (home) => rotateLogs(join(home, 'logs'), { max: 1, keep: 2 }),
};

interface Refused {
  readonly by: string;
  readonly message: string;
}

/** Each writer's turn; answers who refused, in one sentence. Anything else that is thrown is a failure. */
async function round(home: string): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (const [by, write] of Object.entries(WRITERS)) {
    try {
      await write(home);
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      if (!(cause instanceof Failure) && !['ELOOP', 'ENOTDIR', 'EEXIST'].includes(errno(cause) ?? '')) throw error;
      refused.push({ by, message: String(cause) });
    }
  }
  return refused;
}

/** Links in the place of files and directories, and who must say that it will not have it; undefined: it is taken away, or unused. */
const FILES: readonly [path: string, refusedBy: string | undefined][] = [
  ['token', 'relay'],
  ['relay.json', 'relay'],
  ['names.json', 'names'],
  ['names.json.lock', undefined],
  ['data/relay.sqlite', 'relay'],
  ['data/relay.sqlite-wal', 'relay'],
  ['data/relay.sqlite-shm', 'relay'],
  ['data/relay.sqlite-journal', 'relay'],
  ['data/relay.lock', 'relay'],
  ['data/relay.lock-journal', 'relay'],
  ['data/search.sqlite', undefined],
  ['data/search.sqlite-wal', undefined],
  ['data/restored.sqlite', 'relay'],
  ['keys/localhost_9999/A.json', 'keys'],
  ['outbox/A/0000000000000001-m1.json', 'outbox'],
  ['ledger/A.json', 'ledger'],
  [`run/${pid}.json`, 'run'],
  [`run/${pid}.sock`, undefined],
  [`run/${NOBODY}.json`, undefined],
  ['resume/run.json', 'resume'],
  ['resume/conversations/A.json', 'resume'],
  ['logs/relay.log', 'logs'],
  ['logs/relay.log.1', undefined],
  ['logs/rotate.lock', undefined],
];
const DIRECTORIES: readonly [path: string, refusedBy: string][] = [
  ['data', 'relay'],
  ['keys', 'keys'],
  ['keys/localhost_9999', 'keys'],
  ['outbox', 'outbox'],
  ['outbox/A', 'outbox'],
  ['ledger', 'ledger'],
  ['run', 'run'],
  ['resume', 'resume'],
  ['resume/conversations', 'resume'],
];

class Planted {
  readonly home = tempDir();
  readonly elsewhere = tempDir();
  readonly target = join(this.elsewhere, 'precious');
  readonly #before: string;

  constructor(text = 'precious\n') {
    writeFileSync(this.target, text, { mode: 0o600 });
    this.#before = this.#state();
  }

  /** A link there, in directories as they would be; a log that is due to be rotated lies beside a planted one. */
  link(path: string, to: string): void {
    const place = join(this.home, path);
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
    if (/log\.1$/.test(path)) writeFileSync(join(this.home, 'logs/relay.log'), 'full', { mode: 0o600 });
    symlinkSync(to, place);
  }

  /** Neither written, nor touched, nor given a neighbour. */
  expectUntouched(): void {
    expect(this.#state()).toBe(this.#before);
  }

  #state(): string {
    const { mtimeMs, mode, size } = statSync(this.target);
    return JSON.stringify([readdirSync(this.elsewhere), readFileSync(this.target, 'utf8'), mtimeMs, mode, size]);
  }
}

describe('T20: a link', () => {
  it.each(FILES)('in the place of %s is not written through, whatever it leads to', async (path, refusedBy) => {
    // A text, what SQLite would take for a new database, and nothing.
    for (const text of ['precious\n', '', undefined]) {
      const planted = new Planted(text);
      planted.link(path, text === undefined ? join(planted.elsewhere, 'not-there') : planted.target);
      const refused = await round(planted.home);
      planted.expectUntouched();
      if (refusedBy !== undefined && text !== undefined) {
        expect(refused.map(({ by }) => by)).toEqual([refusedBy]);
        expect(refused[0]?.message).toMatch(/symbolic link|ELOOP/);
      }
    }
  });

  it.each(DIRECTORIES)('in the place of the directory %s is not written into', async (path, refusedBy) => {
    const planted = new Planted();
    planted.link(path, planted.elsewhere);
    const refused = await round(planted.home);
    planted.expectUntouched();
    expect(refused).toEqual([{ by: refusedBy, message: expect.stringContaining(`${path} is a symbolic link`) }]);
  });

  it('called as a copy on its way out is taken away, and not followed', async () => {
    const planted = new Planted();
    planted.link('data/.backup-abc', planted.elsewhere);
    expect(await round(planted.home)).toEqual([]);
    planted.expectUntouched();
    expect(existsSync(join(planted.home, 'data/.backup-abc'))).toBe(false);
  });

  it('that is planted while the relay runs is not written through, and the relay lives', async () => {
    const planted = new Planted();
    const relay = await liveRelay({ home: planted.home, legacy: false });
    await relay.verb('status', {}, 'A');
    for (const path of ['token', 'relay.json']) {
      rmSync(join(planted.home, path));
      planted.link(path, planted.target);
    }
    for (const end of ['-journal', '.new']) planted.link(`data/relay.sqlite${end}`, planted.target);
    const { json } = await relay.verb('send', { to: 'A', body: 'x' }, 'A');
    expect(json).toMatchObject({ position: 1 });
    await relay.end();
    planted.expectUntouched();
  });

  it('swapped in while a file is written, a thousand times, is never written through', async () => {
    const planted = new Planted();
    const paths = ['atomic', 'made'].map((name) => join(planted.home, name));
    const script = fileURLToPath(new URL('./support/swap-links.mjs', import.meta.url));
    const attacker = spawn(process.execPath, [script, planted.target, ...paths], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(attacker.stdout, 'data');
    const [atomic = '', made = ''] = paths;
    let refused = 0;
    for (let n = 0; n < RACES; n += 1) {
      try {
        writeAtomic(atomic, `text ${n}`);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        refused += 1;
      }
      createPrivate(made, `text ${n}`);
    }
    attacker.kill('SIGKILL');
    await once(attacker, 'exit');
    planted.expectUntouched();
    // What lies about is a link of the attacker's or a whole file of ours, and nothing half done.
    for (const name of readdirSync(planted.home)) expect(['atomic', 'made']).toContain(name);
    for (const path of paths)
      if (existsSync(path) && !lstatSync(path).isSymbolicLink())
        expect(readFileSync(path, 'utf8')).toMatch(/^text \d+$/);
    const links = FILES.length * 3 + DIRECTORIES.length + 5;
    record('T20', { links, races: RACES * 2, 'of them refused': refused, 'written through': 0 });
  });
});

describe('T20: a state directory', () => {
  it('without links is written by every writer: the rig can tell', async () => {
    const { home } = new Planted();
    expect(await round(home)).toEqual([]);
    for (const path of [
      'token',
      'data/relay.sqlite',
      'keys',
      'names.json',
      'outbox/A',
      'ledger/A.json',
      'run',
      'resume/run.json',
    ])
      expect(existsSync(join(home, path))).toBe(true);
    const relay = await liveRelay({ home, legacy: false });
    const { json } = await relay.verb('history', { query: 'found' }, 'A');
    await relay.end();
    expect(json).toMatchObject({ messages: [{ body: 'to be found' }] });
  });
});
