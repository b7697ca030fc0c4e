import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { policyFor, writePolicy } from '../../src/resume/policy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { conversation, scrawl } from './rig.ts';

const rests = conversation();
const mayBeWoken = conversation({ isAllowed: true });

describe('whether a session may be woken', () => {
  it('is no, where nobody has chosen', () => {
    expect(policyFor(tempDir(), rests, 0).isAllowed).toBe(false);
  });

  it('is what it was started with, where nobody has chosen since', () => {
    expect(policyFor(tempDir(), mayBeWoken, 0).isAllowed).toBe(true);
  });

  it('is what its owner chose, before that', () => {
    const home = tempDir();
    writePolicy(home, { name: 'CC-1', isAllowed: false });
    expect(policyFor(home, mayBeWoken, 0).isAllowed).toBe(false);
    writePolicy(home, { name: 'CC-1', isAllowed: true });
    expect(policyFor(home, rests, 0).isAllowed).toBe(true);
  });

  it('is chosen until its time is over', () => {
    const home = tempDir();
    writePolicy(home, { name: 'CC-1', isAllowed: true, until: 1_000 });
    expect(policyFor(home, rests, 999)).toEqual({ name: 'CC-1', isAllowed: true, until: 1_000 });
    expect(policyFor(home, rests, 1_000)).toEqual({ name: 'CC-1', isAllowed: false });
  });

  it.each([
    ['is damaged', '{'],
    ['says nothing', '{}'],
    ['is that of another name', JSON.stringify({ name: 'cc-1', isAllowed: true })],
    ['has an odd end', JSON.stringify({ name: 'CC-1', isAllowed: true, until: 'never' })],
  ])('is no where the choice %s', (_how, text) => {
    const home = tempDir();
    writePolicy(home, { name: 'CC-1', isAllowed: true });
    scrawl(home, 'policy/CC-1.json', text);
    expect(policyFor(home, mayBeWoken, 0).isAllowed).toBe(false);
  });

  it.skipIf(process.platform === 'win32')('is no where somebody else could have chosen', () => {
    const home = tempDir();
    writePolicy(home, { name: 'CC-1', isAllowed: true });
    chmodSync(join(home, 'resume/policy/CC-1.json'), 0o666);
    expect(policyFor(home, rests, 0).isAllowed).toBe(false);
  });
});
