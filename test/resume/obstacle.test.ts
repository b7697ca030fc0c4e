import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Resume } from '../../src/agents/resume.ts';
import { writeBerth } from '../../src/config/rendezvous.ts';
import { type Here, whyNot } from '../../src/resume/obstacle.ts';
import { ensurePrivateDir } from '../../src/util/files.ts';
import { markProcess } from '../../src/util/processes.ts';
import { tempDir } from '../support/temp-dir.ts';
import { conversation } from './rig.ts';

const fake: Resume = { command: 'fake', variables: [], args: () => [], obstacle: () => undefined };

function here(over: Partial<Here> = {}): Here {
  const home = tempDir();
  const resumeOf = (program: string) => (program === 'fake' ? fake : undefined);
  return { home, userHome: home, host: 'here', platform: 'linux', env: { PATH: '' }, resumeOf, ...over };
}

describe('a conversation', () => {
  it('may be gone on with when nothing stands in the way', () => {
    expect(whyNot(here(), conversation())).toBeUndefined();
  });

  it('of a program that cannot do it is left', () => {
    expect(whyNot(here(), conversation({ program: 'cursor' }))).toContain('cursor has no way');
  });

  it('of another machine is left, though the home is shared', () => {
    expect(whyNot(here(), conversation({ host: 'elsewhere' }))).toBe('it is on elsewhere');
  });

  it('on a system that does not tell what runs is left', () => {
    expect(whyNot(here({ platform: 'win32' }), conversation())).toContain('does not tell');
  });

  it('is left when its directory is gone', () => {
    const cwd = tempDir();
    rmSync(cwd, { recursive: true });
    expect(whyNot(here(), conversation({ cwd }))).toBe('its directory is gone');
  });

  it('is left when its program is gone, and there is no other', () => {
    expect(whyNot(here(), conversation({ executable: '/gone/fake' }))).toBe('there is no fake in the PATH');
  });

  it('is left when its program says so', () => {
    const resumeOf = () => ({ ...fake, obstacle: () => 'open in process 7' });
    expect(whyNot(here({ resumeOf }), conversation())).toBe('open in process 7');
  });

  it.each([
    ['its name', { name: 'CC-1' }],
    ['its conversation', { agentSession: 'c-1' }],
  ])('is left while a session process with %s runs', (_what, whose) => {
    const around = here();
    ensurePrivateDir(join(around.home, 'run'));
    writeBerth(around.home, { ...markProcess(process.pid), parent: 1, socket: '/none', cwd: '/', ...whose });
    expect(whyNot(around, conversation())).toBe(`open: its session process is ${process.pid}`);
  });

  it('may be gone on with when that session process was killed', () => {
    const around = here();
    ensurePrivateDir(join(around.home, 'run'));
    const berth = { pid: process.pid, start: 'another', parent: 1, socket: '/none', cwd: '/', name: 'CC-1' };
    writeBerth(around.home, berth);
    expect(whyNot(around, conversation())).toBeUndefined();
  });
});
