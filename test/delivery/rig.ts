/** A delivery beside a program that the test owns, with a home of its own and a clock that does not move by itself. */
import { Bulletin } from '../../src/delivery/bulletin.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import { Shelf } from '../../src/delivery/shelf.ts';
import { composeWith } from '../../src/mcp/delivered.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { Attention } from '../../src/protocol/session.ts';
import { fixedRandom } from '../mcp/fixed-random.ts';
import { afterEveryTest } from '../support/cleanup.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { FakeInbox } from './fake-inbox.ts';
import { FakeDoor, FakeProgram } from './fake-program.ts';

export interface RigOptions {
  /** It is told all else before it begins, which is left to the test. */
  readonly isLate?: boolean;
  readonly doors?: FakeDoor[];
  readonly wakes?: number;
  readonly home?: string;
  readonly clock?: FakeClock;
  /** The program has not said who it is. */
  readonly isUnknown?: boolean;
  readonly pid?: number;
  /** Of the relay's data. */
  readonly epoch?: string;
  readonly isResumable?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const open: Delivery[] = [];
afterEveryTest(() => {
  for (const delivery of open.splice(0)) delivery.stop();
});

export type Rig = Awaited<ReturnType<typeof makeRig>>;

export async function makeRig(options: RigOptions = {}) {
  const clock = options.clock ?? new FakeClock();
  const home = options.home ?? tempDir();
  const inbox = new FakeInbox();
  const shelf = new Shelf();
  const bulletin = new Bulletin();
  const program = new FakeProgram(clock, options.doors ?? [new FakeDoor()]);
  const told: Partial<Attention & { for_ms: number }>[] = [];
  const logged: string[] = [];
  const standing = { name: 'CC-1', epoch: options.epoch ?? 'e1' };
  const delivery = new Delivery({
    place: {
      env: options.env ?? {},
      parent: process.ppid,
      pid: options.pid ?? process.pid,
      cwd: '/project',
      userHome: home,
      startedAt: clock.now(),
      clock,
      random: fixedRandom(),
      run: async () => ({ code: 0, stdout: '', stderr: '' }),
      notify: () => false,
      log: (message) => void logged.push(message),
    },
    home,
    ledger: `${home}/ledger`,
    inbox,
    shelf,
    compose: composeWith(fixedRandom()),
    bulletin,
    standing: () => standing,
    wakes: options.wakes ?? 30,
    isResumable: options.isResumable ?? false,
    onPresence: (presence) => void told.push(presence),
  });
  open.push(delivery);
  if (!options.isLate) await delivery.start();
  if (!options.isUnknown) delivery.knows(program);
  delivery.welcomed();
  await settle();
  return {
    clock,
    home,
    bulletin,
    inbox,
    shelf,
    program,
    door: program.doors[0] ?? new FakeDoor(),
    delivery,
    told,
    logged,
    standing,
  };
}

let last = 0;

/** The next message, from CC-2 to CC-1. */
export function letter(over: Partial<Envelope> = {}): Envelope {
  last += 1;
  const position = over.position ?? last;
  return { id: `mail${position}`, position, from: 'CC-2', to: ['CC-1'], at: 1_000, body: `body ${position}`, ...over };
}

export function letters(count: number, over: Partial<Envelope> = {}): Envelope[] {
  return Array.from({ length: count }, () => letter(over));
}

export const idsOf = (messages: readonly Envelope[]) => messages.map(({ id }) => id);
