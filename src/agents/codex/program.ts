/** Codex. Facts as of 0.169.0. */
import { join } from 'node:path';
import { commandLineOf, executableOf } from '../../util/processes.ts';
import { which } from '../../util/which.ts';
import type { AgentProgram, Beside, Place } from '../program.ts';
import { AppServerDoor } from './app-server-door.ts';
import { codexDialect } from './dialect.ts';
import { QueueDoor } from './queue-door.ts';
import { codexResume } from './resume.ts';
import { Rollout, recentThreads, type Thread, threadOf } from './rollout.ts';

export const codex: AgentProgram = {
  id: 'codex',
  title: 'Codex',
  signs: { marks: ['CODEX_THREAD_ID'], session: 'CODEX_THREAD_ID' },
  clientName: 'codex',
  // Fails a call at 300 s; cuts the middle out of results of more than about 12,000 characters.
  traits: { waitSeconds: 280, answerChars: 9_000, replacesText: true },
  dialect: codexDialect,
  doorless: 'its thread is not known before its first turn or a trusted hook, and a `codex exec` is never woken',
  resume: codexResume,
  beside,
};

/** A thread begins in the moment in which it starts our process, or a little before. Milliseconds. */
const APART = 20_000;
/** The folder of the day is searched this often while nothing fits; seldomer the longer nothing did. Milliseconds. */
const LOOK_EVERY = { first: 1_000, last: 30_000 };
/** The wait for the next search, as a part of the time since the first one. */
const LOOK_PART = 0.1;

function beside(place: Place): Beside {
  const codexHome = place.env.CODEX_HOME || join(place.userHome, '.codex');
  const threads = new Threads(place, codexHome);
  const binary = binaryOf(place);
  const isExec = commandLineOf(place.parent).slice(1, 3).includes('exec');
  /** Never of one that ends with its task: what is queued for it would be lost with it. */
  const thread = () => (isExec || threads.current?.isExec ? undefined : threads.id);
  return {
    doors: [
      new AppServerDoor({ codexHome, thread, clock: place.clock, random: place.random }),
      new QueueDoor({ binary: () => binary, thread, run: place.run }),
    ],
    transcript: threads.rollout,
    activity: () => threads.activity,
    bound: ({ session, transcript }) => threads.bound(session, transcript),
  };
}

/** The program that started us, which is the daemon or the terminal program; else the one on the PATH. */
function binaryOf({ parent, env }: Place): string | undefined {
  const running = executableOf(parent);
  return running !== undefined && /(^|[\\/])codex[^\\/]*$/.test(running) ? running : which('codex', env.PATH);
}

/** Which thread this process serves: told by a hook or a tool call, and before that by the one rollout that fits. */
class Threads {
  readonly rollout = new Rollout();
  readonly #place: Place;
  readonly #codexHome: string;
  #id: string | undefined;
  #thread: Thread | undefined;
  /** Milliseconds, monotonic: when it is looked for again, and when that began. */
  #lookAt = Number.NEGATIVE_INFINITY;
  #since: number | undefined;

  constructor(place: Place, codexHome: string) {
    this.#place = place;
    this.#codexHome = codexHome;
  }

  get id(): string | undefined {
    return this.#id ?? this.current?.id;
  }

  get current(): Thread | undefined {
    const { clock } = this.#place;
    const time = clock.monotonic();
    if (this.#thread || time < this.#lookAt) return this.#thread;
    this.#since ??= time;
    this.#lookAt = time + Math.min(Math.max((time - this.#since) * LOOK_PART, LOOK_EVERY.first), LOOK_EVERY.last);
    this.#thread = this.#id === undefined ? this.#only(clock.now()) : threadOf(this.#codexHome, clock.now(), this.#id);
    if (this.#thread) this.rollout.follow(this.#thread.path);
    return this.#thread;
  }

  get activity() {
    // A thread without a rollout has never been asked anything.
    return this.current || this.rollout.path !== undefined ? this.rollout.activity : undefined;
  }

  bound(session: string | undefined, transcript: string | undefined): void {
    if (transcript !== undefined) this.rollout.follow(transcript);
    if (session === undefined || session === this.#id) return;
    this.#id = session;
    this.#lookAt = Number.NEGATIVE_INFINITY;
    this.#since = undefined;
    if (this.#thread?.id !== session) this.#thread = undefined;
  }

  /** Of several that fit none is taken: a message in a wrong thread is worse than one that waits. */
  #only(now: number): Thread | undefined {
    const { cwd, startedAt } = this.#place;
    const fitting = recentThreads(this.#codexHome, now).filter(
      (thread) => thread.cwd === cwd && Math.abs(thread.startedAt - startedAt) < APART,
    );
    return fitting.length === 1 ? fitting[0] : undefined;
  }
}
