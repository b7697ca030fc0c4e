import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { copilot } from '../../../src/agents/copilot/program.ts';
import { CopilotTranscript, transcriptPath } from '../../../src/agents/copilot/transcript.ts';
import type { Place } from '../../../src/agents/program.ts';
import { fixedRandom } from '../../mcp/fixed-random.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const LINES = readFileSync(fileURLToPath(new URL('recorded.jsonl', import.meta.url)), 'utf8')
  .split('\n')
  .filter(Boolean);
const [FIRST = '', SECOND = ''] = [...new Set(LINES.join('\n').match(/\bm[0-9a-z]{12}(?= ?(?:urgent)?>)/g))];

function followed() {
  const path = join(tempDir(), 'events.jsonl');
  const transcript = new CopilotTranscript();
  transcript.follow(path);
  return { path, transcript, append: (lines: readonly string[]) => appendFileSync(path, `${lines.join('\n')}\n`) };
}

describe('the record of a session', () => {
  it('shows what was read since it was watched', () => {
    const { transcript, append } = followed();
    append(LINES.slice(0, 5));
    transcript.watch([FIRST, SECOND]);
    expect([...transcript.look()]).toEqual([]);
    append(LINES.slice(5));
    expect([...transcript.look()]).toEqual([
      [FIRST, 'answered'],
      [SECOND, 'answered'],
    ]);
    expect([...transcript.look()]).toEqual([]);
  });

  it('is searched from before, when that is asked for, without the past being taken for the present', () => {
    const path = join(tempDir(), 'events.jsonl');
    const untilAsked = LINES.slice(0, LINES.findLastIndex((line) => line.includes('permission.requested')) + 1);
    writeFileSync(path, `${untilAsked.join('\n')}\n`);
    const transcript = new CopilotTranscript();
    transcript.follow(path);
    transcript.watch([FIRST, 'mnever']);
    expect([...transcript.look()]).toEqual([]);
    transcript.watch([FIRST, 'mnever'], { past: true });
    expect([...transcript.look()]).toEqual([[FIRST, 'answered']]);
    expect(transcript.activity).toBeUndefined();
  });

  it('is another one after its session was cleared', () => {
    const { transcript, append } = followed();
    append([JSON.stringify({ type: 'permission.requested', data: { requestId: 'r' }, timestamp: new Date(0) })]);
    expect(transcript.activity?.doing).toBe('waiting');
    transcript.follow(join(tempDir(), 'events.jsonl'));
    expect(transcript.activity).toBeUndefined();
  });

  it('has nothing while nobody knows which it is', () => {
    const transcript = new CopilotTranscript();
    transcript.watch(['m1'], { past: true });
    expect([[...transcript.look()], transcript.activity]).toEqual([[], undefined]);
  });
});

describe('Copilot CLI beside its session process', () => {
  function beside(env: Record<string, string> = {}) {
    const userHome = tempDir();
    const clock = new FakeClock();
    const place: Place = {
      env,
      parent: 1,
      pid: 2,
      cwd: '/project',
      userHome,
      startedAt: clock.now(),
      clock,
      random: fixedRandom(),
      run: async () => ({ code: 0, stdout: '', stderr: '' }),
      notify: () => false,
      log: () => undefined,
    };
    const found = copilot.beside?.(place);
    if (!found) throw new Error('nothing is beside it');
    const write = (home: string, session: string, ...events: object[]) => {
      const path = transcriptPath(home, session);
      mkdirSync(dirname(path), { recursive: true });
      appendFileSync(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      return path;
    };
    return { found, userHome, write };
  }
  const asked = { type: 'permission.requested', data: { requestId: 'r' }, timestamp: '2026-11-26T07:00:00.000Z' };
  const answered = { type: 'permission.completed', data: { requestId: 'r' }, timestamp: '2026-11-26T07:00:01.000Z' };

  it('tells that it waits for its person, and leaves all else to those who know it sooner', () => {
    const { found, userHome, write } = beside();
    found.bound?.({ session: 's-1' });
    write(join(userHome, '.copilot'), 's-1', asked);
    expect(found.activity?.()).toEqual({ doing: 'waiting', since: Date.parse(asked.timestamp) });
    write(join(userHome, '.copilot'), 's-1', answered);
    expect(found.activity?.()).toBeUndefined();
  });

  it('has its record where COPILOT_HOME says, or where a hook does', () => {
    const home = tempDir();
    const { found, write } = beside({ COPILOT_HOME: home });
    found.bound?.({ session: 's-1' });
    write(home, 's-1', asked);
    expect(found.activity?.()?.doing).toBe('waiting');
    const elsewhere = tempDir();
    found.bound?.({ session: 's-1', transcript: transcriptPath(elsewhere, 's-2') });
    expect(found.activity?.()).toBeUndefined();
    write(elsewhere, 's-2', asked);
    expect(found.activity?.()?.doing).toBe('waiting');
  });
});
