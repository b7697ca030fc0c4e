import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkOutbox } from '../../../src/cli/checks/outbox.ts';
import { OutboxStore } from '../../../src/client/outbox-store.ts';
import { statePaths } from '../../../src/config/paths.ts';
import { markProcess, type ProcessMark } from '../../../src/util/processes.ts';
import { commandLine } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** No process has this start. */
const GONE: ProcessMark = { pid: process.pid, start: 'never' };
const HERE = markProcess(process.pid);

function keep(home: string, name: string, seq: number, owner: ProcessMark): void {
  const id = `m${seq}`;
  new OutboxStore({ dir: statePaths(home).outbox, owner }).add(name, {
    seq,
    id,
    at: 5,
    draft: { id, to: ['B'], body: 'x' },
  });
}

describe('what was kept to be sent', () => {
  it('is no finding when nothing was, or its process is there', () => {
    const home = tempDir();
    expect(checkOutbox(home)).toEqual([]);
    keep(home, 'CC-1', 1, HERE);
    expect(checkOutbox(home)).toEqual([]);
  });

  it('is told by name when its process is gone, and how to send it or throw it away', () => {
    const home = tempDir();
    for (const seq of [1, 2]) keep(home, 'box-77-k2', seq, GONE);
    keep(home, 'box-77-k2', 3, HERE);
    keep(home, 'CC-1', 4, GONE);
    const { outbox } = statePaths(home);
    expect(checkOutbox(home).sort((a, b) => a.says.localeCompare(b.says))).toEqual([
      {
        check: 'outbox',
        state: 'warn',
        says: '1 message of CC-1 was not sent before its process ended.',
        todo: expect.stringContaining('claude-relay mcp --client-id CC-1,'),
      },
      {
        check: 'outbox',
        state: 'warn',
        says: '2 messages of box-77-k2 were not sent before its process ended.',
        todo: expect.stringContaining(`rm -r ${join(outbox, 'box-77-k2')}`),
      },
    ]);
  });

  it('is only looked at: what is no send stays where it is, and is not counted', () => {
    const home = tempDir();
    keep(home, 'CC-1', 1, GONE);
    const { outbox } = statePaths(home);
    const [file = ''] = readdirSync(join(outbox, 'CC-1'));
    writeFileSync(join(outbox, 'CC-1', file), '{', { mode: 0o600 });
    mkdirSync(join(outbox, 'no name'));
    expect(checkOutbox(home)).toEqual([]);
    expect(readdirSync(join(outbox, 'CC-1'))).toEqual([file]);
  });

  it('is said when it cannot be looked at', () => {
    const home = tempDir();
    keep(home, 'CC-1', 1, GONE);
    const { outbox } = statePaths(home);
    rmSync(outbox, { recursive: true });
    writeFileSync(outbox, '');
    expect(checkOutbox(home)).toMatchObject([{ check: 'outbox', state: 'fail' }]);
  });

  it('is told by `claude-relay doctor`', async () => {
    const home = tempDir();
    keep(home, 'CC-1', 1, GONE);
    const { out } = await commandLine(['doctor', '--relay-url', 'ws://127.0.0.1:1'], { home });
    expect(out).toMatch(/^warn +outbox +1 message of CC-1 was not sent/m);
  });
});
