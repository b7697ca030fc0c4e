import { describe, expect, it } from 'vitest';
import { type Berth, berthPath, writeBerth } from '../../src/config/rendezvous.ts';
import { type Asked, candidates } from '../../src/hooks/find.ts';
import { ancestorsOf } from '../../src/util/processes.ts';
import { tempDir } from '../support/temp-dir.ts';

const [PARENT = 0, GRANDPARENT = 0] = ancestorsOf(process.pid);
const ASKED: Asked = { program: 'claude-code', session: undefined, cwd: '/project' };
let pid = 100;

function rendezvous(...berths: Partial<Berth>[]) {
  const home = tempDir();
  for (const over of berths) {
    pid += 1;
    writeBerth(home, { pid, parent: 1, socket: berthPath(home, pid), cwd: '/project', ...over });
  }
  const names = (asked: { program?: string; session?: string; cwd?: string } = {}) =>
    candidates(home, { ...ASKED, ...asked }).map(({ name }) => name);
  return { home, names };
}

describe('the session process of a hook', () => {
  it('is the one that serves its conversation', () => {
    const { names } = rendezvous(
      { name: 'A', agentSession: 's-1' },
      { name: 'B', agentSession: 's-2', parent: PARENT },
    );
    expect(names({ session: 's-1' })).toEqual(['A']);
  });

  it('is the one that the same process started', () => {
    const { names } = rendezvous({ name: 'A' }, { name: 'B', parent: PARENT });
    expect(names()).toEqual(['B']);
    expect(names({ session: 'new' })).toEqual(['B']);
  });

  it('is the nearest, when a program runs inside another', () => {
    const { names } = rendezvous({ name: 'OUTER', parent: GRANDPARENT }, { name: 'INNER', parent: PARENT });
    expect(names()).toEqual(['INNER']);
  });

  it('is of the same program, or of one that has not said what it is', () => {
    const { names } = rendezvous({ name: 'A', parent: PARENT, program: 'codex' }, { name: 'B', parent: GRANDPARENT });
    expect(names()).toEqual(['B']);
    expect(names({ program: 'codex' })).toEqual(['A']);
  });

  it('of a daemon is the only one in its directory that nobody has spoken for', () => {
    const { names } = rendezvous(
      { name: 'A', parent: PARENT, agentSession: 's-1' },
      { name: 'B', parent: PARENT },
      { name: 'C', parent: PARENT, cwd: '/other' },
    );
    expect(names({ session: 's-9' })).toEqual(['B']);
    expect(names({ session: 's-9', cwd: '/other' })).toEqual(['C']);
    expect(names({ session: 's-9', cwd: '/third' })).toEqual([]);
  });

  it('of a daemon is none of two that it might be', () => {
    const { names } = rendezvous({ name: 'A', parent: PARENT }, { name: 'B', parent: PARENT });
    expect(names({ session: 's-9' })).toEqual([]);
  });

  it('is none where none is', () => {
    expect(rendezvous().names()).toEqual([]);
    expect(rendezvous({ name: 'A' }).names()).toEqual([]);
  });
});
