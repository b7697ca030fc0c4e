/** What every Door keeps, whatever program it leads into. */
import { describe, expect, it } from 'vitest';
import { DOOR_PATIENCE, type Door, type Parcel } from '../../src/agents/door.ts';
import type { FakeClock } from '../support/fake-clock.ts';

export interface DoorUnderTest {
  readonly door: Door;
  readonly clock: FakeClock;
  /** Texts that have reached the program, in order. */
  received(): Promise<readonly string[]> | readonly string[];
  /** The program closes it: it is not there any more. */
  shut(): Promise<void> | void;
  /** The program takes what is given and says nothing, ever. Absent where giving does not wait for anybody. */
  stall?(): Promise<void> | void;
  /** The program takes nothing and says so. Absent where it cannot. */
  refuse?(): Promise<void> | void;
  teardown(): Promise<void> | void;
}

export const PARCEL: Parcel = {
  text: 'hello ☃ <message> "quoted"\nsecond line',
  ids: ['m1', 'm2'],
  from: 'CC-2',
  urgent: false,
};

export function runDoorContract(name: string, make: () => Promise<DoorUnderTest>): void {
  describe(`the door ${name}`, () => {
    const withDoor = (work: (under: DoorUnderTest) => Promise<void>) => async () => {
      const under = await make();
      try {
        await work(under);
      } finally {
        await under.teardown();
      }
    };

    it(
      'hands the text to the program, whole and once',
      withDoor(async ({ door, received }) => {
        expect(door.isOpen()).toBe(true);
        expect(await door.give(PARCEL)).toEqual({ outcome: 'handed' });
        const [text, ...more] = await received();
        expect(more).toEqual([]);
        for (const line of PARCEL.text.split('\n')) expect(text).toContain(line);
      }),
    );

    it(
      'hands several, one after the other, in their order',
      withDoor(async ({ door, received }) => {
        for (const n of [1, 2, 3])
          expect(await door.give({ ...PARCEL, text: `text ${n}` })).toEqual({ outcome: 'handed' });
        const texts = await received();
        expect(texts.map((text) => /text \d/.exec(text)?.[0])).toEqual(['text 1', 'text 2', 'text 3']);
      }),
    );

    it(
      'that is shut says so instead of throwing, with a reason for people',
      withDoor(async ({ door, shut }) => {
        await shut();
        const given = await door.give(PARCEL);
        expect(given).toMatchObject({
          outcome: expect.stringMatching(/^(failed|refused)$/),
          reason: expect.stringMatching(/^[a-z].{5,150}$/),
        });
      }),
    );

    it(
      'has a short name for people',
      withDoor(async ({ door }) => {
        expect(door.name).toMatch(/^[a-z][a-z ]{2,20}$/);
      }),
    );

    it(
      'gives up on a program that stalls, and is in doubt of what it has taken',
      withDoor(async (under) => {
        const { door, clock, stall } = under;
        if (!stall) return;
        await stall();
        let isOver = false;
        const given = door.give(PARCEL).finally(() => {
          isOver = true;
        });
        for (let turn = 0; !isOver && turn < 200; turn += 1) await clock.run(DOOR_PATIENCE / 100);
        expect(await given).toMatchObject({ outcome: expect.stringMatching(/^(failed|refused)$/) });
        if ((await under.received()).length > 0) expect(await given).toHaveProperty('isDoubtful', true);
      }),
    );

    it(
      'tells a refusal',
      withDoor(async ({ door, refuse }) => {
        if (!refuse) return;
        await refuse();
        expect((await door.give(PARCEL)).outcome).toMatch(/^(failed|refused)$/);
      }),
    );
  });
}
