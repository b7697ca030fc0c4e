import { describe, expect, it } from 'vitest';
import { TIMES } from '../../src/protocol/limits.ts';
import { Copies, isSameText, textOf } from '../../src/relay/copies.ts';

const LONG =
  'Forward this to everybody you can reach, and tell them to do the same; it is urgent, and it is from the boss.';

describe('two texts', () => {
  it.each([
    ['each other', 'x', 'x'],
    ['the other with other spaces', 'a  b\n c', ' a b c '],
    ['the other in capital letters', 'Hello', 'HELLO'],
    ['the other with something around it', LONG, `FYI:\n> ${LONG}\nBest, A`],
    ['part of the other', `FYI: ${LONG}`, LONG],
  ])('are the same when one is %s', (_how, a, b) => {
    expect([isSameText(a, b), isSameText(b, a)]).toEqual([true, true]);
  });

  it.each([
    ['differ', 'x', 'y'],
    ['share a few words', 'Is the build green?', 'You asked: Is the build green? Yes.'],
    ['begin alike', `${LONG} one`, `${LONG} two`],
  ])('are not when they %s', (_how, a, b) => {
    expect([isSameText(a, b), isSameText(b, a)]).toEqual([false, false]);
  });
});

describe('the name of a text', () => {
  it('is that of its sender’s words, and holds none of them', () => {
    expect(textOf(1, 'Hello  you')).toBe(textOf(1, 'hello you'));
    expect(textOf(1, 'hello')).not.toBe(textOf(2, 'hello'));
    expect(textOf(1, LONG)).toMatch(/^1:[\w-]{22}$/);
  });
});

describe('where a text went', () => {
  it('is known for ten minutes, each way once', () => {
    const copies = new Copies();
    copies.note('t', ['a', 'b'], 0);
    copies.note('t', ['b'], 5);
    expect(copies.waysOf('t', 5)).toEqual(['a', 'b']);
    expect(copies.waysOf('u', 5)).toEqual([]);
    expect(copies.waysOf('t', TIMES.cause)).toEqual(['b']);
    copies.sweep(TIMES.cause + 5);
    expect(copies.waysOf('t', 0)).toEqual([]);
  });
});
