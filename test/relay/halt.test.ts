import { expect, it } from 'vitest';
import { Halt } from '../../src/relay/halt.ts';
import { World } from '../state/world.ts';
import { FakeClock } from '../support/fake-clock.ts';

function make() {
  const clock = new FakeClock(0);
  const time = { behind: 0 };
  const over: (number | undefined)[] = [];
  const services = { store: new World().store, clock, relayTime: () => clock.monotonic() - time.behind };
  const halt: Halt = new Halt(services, () => over.push(halt.until));
  return { clock, time, halt, over };
}

it('is over for whoever is told so, though the timer came a moment early', () => {
  const { clock, time, halt, over } = make();
  halt.set(1_000);
  time.behind = 1;
  clock.advance(1_000);
  expect(over).toEqual([undefined]);
});

it('is told to be over also when it is ended after its time and before its timer', () => {
  const { clock, halt, over } = make();
  halt.set(1_000);
  clock.skip(1_000);
  halt.set(0);
  clock.advance(5_000);
  expect(over).toEqual([undefined]);
});
