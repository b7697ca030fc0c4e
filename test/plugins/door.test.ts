/** A plugin's line from end to end: the door in the session process, its local socket, and the link inside the program. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Given } from '../../src/agents/door.ts';
import { LocalServer, type PluginListener } from '../../src/delivery/local-server.ts';
import { PluginDoor, type PluginLine } from '../../src/delivery/plugin-door.ts';
import { Link, type Put } from '../../src/plugins/link.ts';
import { PARCEL, runDoorContract } from '../contract/door.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const STALLED = new Promise<undefined>(() => undefined);

class Rig {
  readonly clock = new FakeClock();
  readonly door = new PluginDoor(this.clock);
  readonly texts: string[] = [];
  readonly links: Link[] = [];
  /** What a plugin answers to the next parcels. */
  onPut: (put: Put) => Promise<string | undefined> = async () => undefined;
  readonly #path = join(tempDir(), 's.sock');
  readonly #server = new LocalServer(
    this.#path,
    {
      onHook: () => Promise.reject(new Error('no hook comes')),
      onPlugin: (line) => this.#onPlugin(line),
    },
    this.clock,
  );

  static async make(): Promise<Rig> {
    const rig = new Rig();
    await rig.#server.listen();
    await rig.plug();
    return rig;
  }

  /** Another plugin comes. */
  async plug(name = 'plugin'): Promise<Link> {
    const link = new Link({
      hello: { plugin: 'opencode', name, interrupts: name === 'extension' },
      find: () => [this.#path],
      onPut: async (put) => {
        const reason = await this.onPut(put);
        if (reason === undefined) this.texts.push(put.text);
        return reason;
      },
      clock: this.clock,
    });
    link.now({ open: true, doing: 'busy', tool: name, since: this.clock.now() });
    this.links.push(link);
    link.start();
    await this.until(() => this.door.activity?.tool === name);
    return link;
  }

  async until(holds: () => boolean): Promise<void> {
    for (let turn = 0; !holds(); turn += 1) {
      if (turn > 2_000) throw new Error('it never comes to hold');
      await this.clock.run(10);
    }
  }

  async shut(): Promise<void> {
    for (const link of this.links) link.stop();
    await this.until(() => !this.door.isOpen());
  }

  stall(): void {
    this.onPut = () => STALLED;
  }

  refuse(): void {
    this.onPut = async () => 'no session is open';
  }

  teardown(): void {
    for (const link of this.links) link.stop();
    this.#server.close();
  }

  #onPlugin(line: PluginLine): PluginListener {
    this.door.attach(line);
    return {
      onState: (state) => this.door.tell(line, state),
      onEvent: () => undefined,
      onShown: () => undefined,
      onSettled: (put, reason) => this.door.settle(put, reason),
      onAsk: async () => undefined,
      onGone: () => this.door.detach(line),
    };
  }
}

runDoorContract('through a plugin', async () => {
  const rig = await Rig.make();
  return {
    door: rig.door,
    clock: rig.clock,
    received: () => rig.texts,
    shut: () => rig.shut(),
    stall: () => rig.stall(),
    refuse: () => rig.refuse(),
    teardown: () => rig.teardown(),
  };
});

describe('a door through a plugin', () => {
  const withRig = (work: (rig: Rig) => Promise<void>) => async () => {
    const rig = await Rig.make();
    try {
      await work(rig);
    } finally {
      rig.teardown();
    }
  };

  it(
    'says the reason of the plugin that refuses',
    withRig(async (rig) => {
      rig.refuse();
      expect(await rig.door.give(PARCEL)).toEqual({ outcome: 'refused', reason: 'no session is open' });
    }),
  );

  it(
    'whose plugin goes in the middle is in doubt: the text may have got in',
    withRig(async (rig) => {
      const [link] = rig.links;
      rig.onPut = () => {
        link?.stop();
        return STALLED;
      };
      expect(await rig.door.give(PARCEL)).toEqual({
        outcome: 'failed',
        reason: 'the plugin is gone',
        isDoubtful: true,
      });
    }),
  );

  it(
    'whose plugin does not answer is in doubt, too',
    withRig(async (rig) => {
      rig.stall();
      let given: Given | undefined;
      void rig.door.give(PARCEL).then((what) => {
        given = what;
      });
      await rig.until(() => given !== undefined);
      expect(given).toEqual({ outcome: 'failed', reason: 'the plugin does not answer', isDoubtful: true });
    }),
  );

  it(
    'leads through the newest of two, and through the other one when that is gone',
    withRig(async (rig) => {
      const second = await rig.plug('extension');
      expect([rig.door.name, rig.door.interrupts]).toEqual(['extension', true]);
      expect(await rig.door.give(PARCEL)).toEqual({ outcome: 'handed' });
      second.stop();
      await rig.until(() => rig.door.name === 'plugin');
      expect(rig.door.isOpen()).toBe(true);
      expect(await rig.door.give(PARCEL)).toEqual({ outcome: 'handed' });
      expect(rig.texts).toEqual([PARCEL.text, PARCEL.text]);
    }),
  );

  it(
    'is open again when the program has reloaded its plugin, and what the old one held is in doubt at once',
    withRig(async (rig) => {
      rig.stall();
      const given = rig.door.give(PARCEL);
      await rig.clock.run(10);
      rig.onPut = async () => undefined;
      const [old] = rig.links;
      await rig.plug('extension');
      old?.stop();
      expect(await given).toMatchObject({ outcome: 'failed', reason: 'the plugin is gone', isDoubtful: true });
      expect(await rig.door.give(PARCEL)).toEqual({ outcome: 'handed' });
    }),
  );

  it(
    'is closed while the plugin says so, with its reason, and open again',
    withRig(async (rig) => {
      const [link] = rig.links;
      expect([rig.door.isOpen(), rig.door.closed]).toEqual([true, undefined]);
      link?.now({ open: false, reason: 'no session is open' });
      await rig.until(() => !rig.door.isOpen());
      expect(rig.door.closed).toBe('no session is open');
      expect(rig.door.activity).toBeUndefined();
      link?.now({ open: true });
      await rig.until(() => rig.door.isOpen());
      expect(rig.door.closed).toBeUndefined();
    }),
  );

  it(
    'tells since when the program does what it does, also to a session process that came later',
    withRig(async (rig) => {
      const [link] = rig.links;
      const since = rig.clock.now() - 60_000;
      link?.now({ open: true, doing: 'waiting', since });
      await rig.until(() => rig.door.activity?.doing === 'waiting');
      const told = rig.door.activity?.since ?? 0;
      expect(told - since).toBeGreaterThanOrEqual(0);
      expect(told - since).toBeLessThan(1_000);
    }),
  );
});

describe('a door without a plugin', () => {
  it('is closed, knows no reason, and gives nothing', async () => {
    const door = new PluginDoor(new FakeClock());
    expect([door.isOpen(), door.closed, door.activity, door.interrupts]).toEqual([false, undefined, undefined, false]);
    expect(await door.give(PARCEL)).toEqual({ outcome: 'failed', reason: 'no plugin is connected' });
  });

  it('is told nothing by one that has gone', () => {
    const door = new PluginDoor(new FakeClock());
    const line: PluginLine = { name: 'plugin', interrupts: false, say: () => undefined };
    door.attach(line);
    door.detach(line);
    door.tell(line, { isOpen: true });
    door.settle(1, undefined);
    expect(door.isOpen()).toBe(false);
  });
});
