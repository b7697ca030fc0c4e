/** The thread of the full text; `journal/search-thread.ts` starts it and says what to do. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadDriver } from './journal/driver.ts';
import { type FullText, fullTextOf, type TextFiles } from './journal/full-text.ts';
import { isDamage } from './journal/queue.ts';
import type { SearchReply, SearchRequest } from './journal/search-thread.ts';
import { systemClock } from './util/clock.ts';
import { reason } from './util/failure.ts';

const open = await loadDriver();
const files: TextFiles = workerData;
const opened = fullTextOf(open, files);
let text: FullText | undefined;

/** What tidying may take of the time: one part in so many. A full volume takes 0.7 s, and is written as a whole. */
const SELDOM = 1_000;
let isTidying = false;
/** Milliseconds: what it took by now, and when it may begin again. */
let spent = 0;
let next = 0;

/** What is damaged is thrown away when it is opened, and copied again. */
function withText<T>(use: (text: FullText) => T): T {
  text ??= opened();
  try {
    return use(text);
  } catch (error) {
    const failed = text;
    text = undefined;
    failed.close();
    if (!isDamage(error)) throw error;
    text = opened();
    return use(text);
  }
}

function find({ id, match, ask }: SearchRequest & { type: 'find' }): SearchReply {
  try {
    const positions = withText((each) => {
      while (each.catchUp());
      return each.find(match, ask);
    });
    return { type: 'found', id, positions };
  } catch (error) {
    return { type: 'failed', id, reason: reason(error) };
  }
}

/** A slice, and the next in a later turn: who searches meanwhile need not wait for all. */
function catchUp(all: boolean): void {
  const more = tried(() => withText((each) => each.catchUp()));
  if (more && all) return void setImmediate(catchUp, all);
  if (all) tidyLater();
  reply({ type: 'done', position: more === undefined ? undefined : tried(() => withText((each) => each.done)) });
}

/** What was forgotten goes from the disk. */
function tidyLater(): void {
  if (isTidying) return;
  isTidying = true;
  systemClock.after(Math.max(0, next - systemClock.monotonic()), tidy);
}

function tidy(): void {
  const start = systemClock.monotonic();
  const more = tried(() => withText((each) => each.tidy()));
  if (more) {
    spent += systemClock.monotonic() - start;
    return void setImmediate(tidy);
  }
  isTidying = false;
  next = systemClock.monotonic() + spent * SELDOM;
  spent = 0;
}

/** What fails now is tried again a second later, and told to who searches. */
function tried<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function reply(message: SearchReply): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (request: SearchRequest) => {
  if (request.type === 'find') reply(find(request));
  else if (request.type === 'catch-up') catchUp(request.all);
  else {
    text?.close();
    parentPort?.close();
  }
});
