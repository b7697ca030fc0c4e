import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pastLines, Watched } from '../../src/agents/watched.ts';
import { tempDir } from '../support/temp-dir.ts';

function watching(...ids: string[]) {
  const watched = new Watched();
  watched.add(ids);
  return watched;
}

describe('ids that are looked for', () => {
  it('are found in lines that name them', () => {
    const watched = watching('m-1', 'm-2', 'm-3');
    expect(watched.namedIn('{"text":"m-3 and m-1"}')).toEqual(['m-1', 'm-3']);
    expect(watched.namedIn('{"text":"m-4"}')).toEqual([]);
  });

  it('are told of as long as the model has not gone on with them, and once when it has', () => {
    const watched = watching('m-1', 'm-2');
    watched.note(['m-1'], 'queued');
    expect([...watched.take()]).toEqual([['m-1', 'queued']]);
    expect([...watched.take()]).toEqual([['m-1', 'queued']]);
    watched.note(['m-1'], 'seen');
    expect([...watched.take()]).toEqual([['m-1', 'seen']]);
    watched.noteAnswer();
    expect([...watched.take()]).toEqual([['m-1', 'answered']]);
    expect([...watched.take()]).toEqual([]);
    expect(watched.open).toEqual(['m-2']);
  });

  it('stay seen, whatever is found after it', () => {
    const watched = watching('m-1');
    watched.note(['m-1'], 'seen');
    watched.note(['m-1'], 'held');
    expect([...watched.take()]).toEqual([['m-1', 'seen']]);
  });

  it('are answered only when they were seen before', () => {
    const watched = watching('m-1', 'm-2');
    watched.note(['m-1'], 'queued');
    watched.noteAnswer();
    expect([...watched.take()]).toEqual([['m-1', 'queued']]);
  });

  it('are looked for anew when they are given again: what held them was in the way of the first time', () => {
    const watched = watching('m-1');
    watched.note(['m-1'], 'held');
    watched.add(['m-1']);
    expect([...watched.take()]).toEqual([]);
  });
});

describe('what a file held before', () => {
  it('is its lines; none of a file that is not there, or not known', () => {
    const path = join(tempDir(), 'rollout.jsonl');
    writeFileSync(path, '{"a":1}\n{"b":2}\n{"half');
    expect(pastLines(path)).toEqual(['{"a":1}', '{"b":2}']);
    expect(pastLines(`${path}.gone`)).toEqual([]);
    expect(pastLines(undefined)).toEqual([]);
  });
});
