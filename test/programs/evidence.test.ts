import { describe, expect, it } from 'vitest';
import { evidence, takeEvidence } from './evidence.ts';
import { fact } from './facts.ts';

describe('evidence of a failure', () => {
  it('is looked for only when it is taken, and then forgotten', () => {
    takeEvidence();
    let looks = 0;
    evidence('a screen', () => `look ${++looks}`);
    expect(looks).toBe(0);
    expect(takeEvidence()).toEqual(['--- a screen\nlook 1']);
    expect(takeEvidence()).toEqual([]);
  });

  it('is told although some of it is gone', () => {
    takeEvidence();
    evidence('a screen', () => {
      throw new Error('no server');
    });
    evidence('requests', () => 'none');
    expect(takeEvidence()).toEqual(['--- a screen\n(nothing to be seen: Error: no server)', '--- requests\nnone']);
  });
});

describe('a fact', () => {
  it('is kept with the test that measured it', ({ task }) => {
    fact('codex', 'tool round, ms', 76);
    fact('codex', 'hosts refused', ['api.example']);
    expect(task.meta.facts).toEqual([
      { about: 'codex', what: 'tool round, ms', value: 76 },
      { about: 'codex', what: 'hosts refused', value: ['api.example'] },
    ]);
  });
});
