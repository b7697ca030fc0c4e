import { describe, expect, it } from 'vitest';
import type { Activity } from '../../src/agents/program.ts';
import { Attention } from '../../src/delivery/attention.ts';
import { FakeClock } from '../support/fake-clock.ts';

function attentive(own?: Activity) {
  const clock = new FakeClock(1_000_000);
  const program: { own: Activity | undefined } = { own };
  return Object.assign(program, { clock, attention: new Attention(clock, () => program.own) });
}

describe('what a program is doing', () => {
  it('is not known before anybody tells', () => {
    expect(attentive().attention.now).toBeUndefined();
  });

  it('is what its hooks tell', () => {
    const { attention, clock } = attentive();
    attention.note({ kind: 'prompt' });
    expect(attention.now).toEqual({ doing: 'busy', since: 1_000_000 });
    clock.advance(5);
    attention.note({ kind: 'tool' });
    expect(attention.now).toEqual({ doing: 'busy', since: 1_000_000 });
    attention.note({ kind: 'turn-end' });
    expect(attention.now).toEqual({ doing: 'idle', since: 1_000_005 });
  });

  it('is not what a helper of its model does', () => {
    const { attention } = attentive();
    attention.note({ kind: 'tool', isInner: true });
    expect(attention.now).toBeUndefined();
  });

  it('is its own word where it writes one, unless a hook has told something newer', () => {
    const it = attentive({ doing: 'idle', since: 999_000 });
    expect(it.attention.now?.doing).toBe('idle');
    it.attention.note({ kind: 'prompt' });
    expect(it.attention.now?.doing).toBe('busy');
    it.own = { doing: 'waiting', since: 1_000_500 };
    expect(it.attention.now).toEqual({ doing: 'waiting', since: 1_000_500 });
    it.own = { doing: 'busy', since: 1_000_600, tool: 'Bash' };
    expect(it.attention.now?.tool).toBe('Bash');
  });

  it('is at work in a tool of ours while that runs', () => {
    const { attention } = attentive();
    attention.called('relay_receive');
    expect(attention.now).toMatchObject({ doing: 'busy', tool: 'relay_receive' });
  });

  it('is at work after a tool of ours where hooks will tell the end of the turn, and unknown where nobody will', () => {
    const without = attentive().attention;
    without.called('relay_peers');
    without.answered();
    expect(without.now).toBeUndefined();
    const { attention } = attentive();
    attention.note({ kind: 'prompt' });
    attention.called('relay_peers');
    attention.answered();
    expect(attention.now).toMatchObject({ doing: 'busy' });
    expect(attention.now?.tool).toBeUndefined();
  });

  it('is taken to be at work for a moment after text went in', () => {
    const it = attentive({ doing: 'idle', since: 900_000 });
    it.attention.woken(it.clock.now());
    expect(it.attention.now?.doing).toBe('busy');
    it.clock.advance(1_500);
    expect(it.attention.now?.doing).toBe('busy');
    it.clock.advance(1);
    expect(it.attention.now).toEqual({ doing: 'idle', since: 900_000 });
  });

  it('is what it says itself as soon as it says something newer than the text', () => {
    const it = attentive({ doing: 'idle', since: 900_000 });
    it.attention.woken(it.clock.now());
    it.clock.advance(100);
    it.own = { doing: 'busy', since: 1_000_050 };
    expect(it.attention.now).toEqual(it.own);
    it.own = { doing: 'idle', since: 1_000_090 };
    expect(it.attention.now).toEqual(it.own);
  });

  it('does not stay at work for the day by which the clock was set back', () => {
    const it = attentive({ doing: 'idle', since: 900_000 });
    it.attention.woken(it.clock.now());
    it.clock.step(-800_000);
    it.clock.advance(100);
    it.own = { doing: 'idle', since: 200_100 };
    expect(it.attention.now).toEqual(it.own);
  });

  it('is not what a hook told before its own word, though the clock was set back between the two', () => {
    const it = attentive();
    it.attention.note({ kind: 'prompt' });
    it.clock.step(-800_000);
    it.clock.advance(5);
    it.own = { doing: 'idle', since: 200_005 };
    expect(it.attention.now).toEqual(it.own);
  });
});
