import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { clearCopies } from '../../src/data/outgoing.ts';
import type { DataTasks } from '../../src/data/tasks.ts';
import { type HttpRig, httpRig, TOKEN } from '../support/http-rig.ts';
import { type Asking, ask, bearer } from '../support/raw-http.ts';
import { tempDir } from '../support/temp-dir.ts';

let rig: HttpRig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

const verified = {
  ok: true,
  epoch: 'e',
  position: 1,
  sessions: 2,
  envelopes: 3,
  pruned: 0,
  bytes: 4,
  problems: [],
  damaged: [],
};

class FakeTasks implements DataTasks {
  readonly exported: object[] = [];
  copied: string[] = [];
  content: string | Error = 'the bytes of a copy';

  async copy(to: string): Promise<void> {
    this.copied.push(to);
    if (this.content instanceof Error) throw this.content;
    writeFileSync(to, this.content);
  }

  async verify() {
    return verified;
  }

  async check() {
    return undefined;
  }

  async *export(options: object) {
    this.exported.push(options);
    yield 'one\n';
    yield 'two ☃\n';
  }
}

async function start() {
  const tasks = new FakeTasks();
  const here = await httpRig({ tasks });
  rig = here;
  const post = (task: string, args?: object | string, more: Partial<Asking> = {}) =>
    ask({
      port: here.port,
      method: 'POST',
      path: `/admin/${task}`,
      ...(args === undefined ? {} : { body: typeof args === 'string' ? args : JSON.stringify(args) }),
      headers: bearer(TOKEN),
      ...more,
    });
  return { tasks, post, relay: here.relay, log: here.log, dir: here.dir };
}

const codeOf = (body: string): string => JSON.parse(body).error.code;

describe('POST /admin/backup', () => {
  it('answers with the copy and its length, and leaves none behind', async () => {
    const { tasks, post, dir } = await start();
    const { status, headers, body } = await post('backup');
    expect([status, body, headers['content-length'], headers['content-type']]).toEqual([
      200,
      'the bytes of a copy',
      '19',
      'application/vnd.sqlite3',
    ]);
    expect(tasks.copied[0]).toMatch(new RegExp(`^${dir}/\\.backup-`));
    expect(readdirSync(dir)).toEqual([]);
  });

  it.each([
    [Object.assign(new Error('no room'), { code: 'ENOSPC' }), 507, 'storage_full'],
    [new Error('database or disk is full'), 507, 'storage_full'],
    [new Error('anything else'), 500, 'internal'],
  ])('says what went wrong: %s', async (error, status, code) => {
    const { tasks, post, dir } = await start();
    tasks.content = error;
    const answer = await post('backup');
    expect([answer.status, codeOf(answer.body), readdirSync(dir)]).toEqual([status, code, []]);
  });

  it('is not sent again what a process left behind that died while it sent it', () => {
    const dir = tempDir();
    mkdirSync(join(dir, '.backup-x1'));
    writeFileSync(join(dir, '.backup-x1/copy.sqlite'), 'x');
    writeFileSync(join(dir, 'relay.sqlite'), 'x');
    clearCopies(dir);
    expect(readdirSync(dir)).toEqual(['relay.sqlite']);
  });
});

describe('POST /admin/export', () => {
  it.each([
    ['jsonl', 'application/jsonl'],
    ['markdown', 'text/markdown; charset=utf-8'],
  ])('answers in pieces: %s', async (format, type) => {
    const { tasks, post } = await start();
    const { status, headers, body } = await post('export', { format, about: '#build', since: 5 });
    expect([status, body, headers['content-type']]).toEqual([200, 'one\ntwo ☃\n', type]);
    expect(tasks.exported).toEqual([{ format, about: '#build', since: 5 }]);
  });
});

describe('POST /admin/verify', () => {
  it('answers what was found', async () => {
    const { post } = await start();
    expect(JSON.parse((await post('verify')).body)).toEqual(verified);
  });
});

describe('POST /admin/prune', () => {
  it('says what is to go, and answers how many went', async () => {
    const { post, relay } = await start();
    const answer = await post('prune', { older_than: 5, count: 0, bytes: 7, inbox: 'B', trial: true });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { pruned: 7 }]);
    expect(relay.pruned).toEqual([{ olderThan: 5, count: 0, bytes: 7, inbox: 'B', isTrial: true }]);
  });

  it('refuses to forget everything because nothing was said', async () => {
    const { post, relay } = await start();
    const answer = await post('prune', { inbox: 'B' });
    expect([answer.status, codeOf(answer.body), relay.pruned]).toEqual([400, 'bad_request', []]);
  });
});

describe('the admin paths', () => {
  it.each([
    ['export', {}],
    ['export', { format: 'xml' }],
    ['export', { format: 'jsonl', since: -1 }],
    ['export', { format: 'jsonl', what: 1 }],
    ['backup', { to: '/etc/passwd' }],
    ['prune', { older_than: 'old' }],
    ['prune', '{'],
  ])('refuse %s with %j', async (task, args) => {
    const { post, tasks } = await start();
    const answer = await post(task, args);
    expect([answer.status, codeOf(answer.body), tasks.copied]).toEqual([400, 'bad_request', []]);
  });

  it.each(['backup', 'export', 'verify', 'prune'])('want the token, POST, and no foreign page: %s', async (task) => {
    const { post, tasks, relay } = await start();
    const args = { format: 'jsonl', count: 1 };
    expect((await post(task, args, { headers: {} })).status).toBe(401);
    expect((await post(task, args, { headers: { ...bearer(TOKEN), origin: 'https://evil.example' } })).status).toBe(
      403,
    );
    expect((await post(task, undefined, { method: 'GET' })).status).toBe(404);
    expect([tasks.copied, tasks.exported, relay.pruned]).toEqual([[], [], []]);
  });

  it('are none but these', async () => {
    const { post } = await start();
    expect((await post('restore')).status).toBe(404);
    expect(existsSync('/admin')).toBe(false);
  });
});
