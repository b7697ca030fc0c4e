import { describe, expect, it } from 'vitest';
import { Witness } from '../../src/plugins/witness.ts';

describe('what was put in', () => {
  it('is read once a request that holds its id is answered, and told once', () => {
    const witness = new Witness();
    witness.expect(['m1', 'm2']);
    expect(witness.answered('c')).toEqual([]);
    witness.asked('c', ['before', 'a tag with id=m1 and more']);
    expect(witness.answered('c')).toEqual(['m1']);
    expect(witness.answered('c')).toEqual([]);
    expect(witness.isIdle).toBe(false);
  });

  it('is not read by an answer in another conversation', () => {
    const witness = new Witness();
    witness.expect(['m1']);
    witness.asked('c', ['id=m1']);
    expect(witness.answered('other')).toEqual([]);
    expect(witness.answered('c')).toEqual(['m1']);
  });

  it('is not looked for when the program has not taken it', () => {
    const witness = new Witness();
    witness.expect(['m1']);
    witness.forget(['m1']);
    witness.asked('c', ['id=m1']);
    expect(witness.answered('c')).toEqual([]);
    expect(witness.isIdle).toBe(true);
  });

  it('again counts from the next request on', () => {
    const witness = new Witness();
    witness.expect(['m1']);
    witness.asked('c', ['id=m1']);
    witness.expect(['m1']);
    expect(witness.answered('c')).toEqual([]);
  });

  it('is known in a text that somebody shows', () => {
    const witness = new Witness();
    witness.expect(['m1']);
    expect([witness.knows('… id=m1 …'), witness.knows('m2')]).toEqual([true, false]);
  });

  it('is forgotten, the oldest first, when there is very much of it', () => {
    const witness = new Witness();
    const ids = Array.from({ length: 1_001 }, (_, n) => `m${String(n).padStart(4, '0')}`);
    for (const id of ids) witness.expect([id]);
    witness.asked('c', [ids.join(' ')]);
    expect(witness.answered('c')).toEqual(ids.slice(1));
  });
});
