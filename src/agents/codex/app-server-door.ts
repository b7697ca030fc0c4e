/**
 * Into a Codex thread through the app server that it runs in: a message for an idle thread starts a turn at once, one for a
 * thread at work waits for the turn's end; an urgent one steers the turn that is running.
 */
import type { Clock } from '../../util/clock.ts';
import { reason } from '../../util/failure.ts';
import { fieldsOf, listOf } from '../../util/fields.ts';
import { type Random, uuid } from '../../util/random.ts';
import { VERSION } from '../../util/version.ts';
import { DOOR_PATIENCE, type Door, doubtful, failed, type Given, HANDED, type Parcel } from '../door.ts';
import { type Call, hasControlSocket, loadWebSocket, Unanswered, withAppServer } from './app-server.ts';

interface Options {
  readonly codexHome: string;
  readonly thread: () => string | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

export class AppServerDoor implements Door {
  readonly name = 'app server';
  readonly interrupts = true;
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
    loadWebSocket().catch(() => undefined); // `give` tries again, and says so
  }

  isOpen(): boolean {
    return this.#options.thread() !== undefined && hasControlSocket(this.#options.codexHome);
  }

  async give(parcel: Parcel): Promise<Given> {
    const { codexHome, thread, clock, random } = this.#options;
    const threadId = thread();
    if (threadId === undefined) return failed('the thread is not known');
    try {
      return await withAppServer(codexHome, VERSION, clock, DOOR_PATIENCE, (call) =>
        put(call, threadId, parcel, uuid(random)),
      );
    } catch (error) {
      return failed(`the app server did not take it (${reason(error)})`);
    }
  }
}

async function put(call: Call, threadId: string, { text, urgent }: Parcel, id: string): Promise<Given> {
  // What is queued for a thread that nobody has open would start it: only its owner may.
  const loaded = listOf((await call('thread/loaded/list', {})).data);
  if (!loaded.includes(threadId)) return failed('the thread is not open in the app server');
  const input = [{ type: 'text', text, text_elements: [] }];
  const steered = urgent ? await steer(call, threadId, input) : undefined;
  return steered ?? (await entrust(call, 'thread/queue/add', { threadId, input, clientUserMessageId: id }));
}

/** Undefined when no turn is running, or it cannot be steered. */
async function steer(call: Call, threadId: string, input: readonly object[]): Promise<Given | undefined> {
  const { thread } = await call('thread/read', { threadId, includeTurns: false });
  if (fieldsOf(fieldsOf(thread).status).type !== 'active') return undefined;
  const [turn] = listOf((await call('thread/turns/list', { threadId, limit: 1 })).data).map(fieldsOf);
  if (typeof turn?.id !== 'string') return undefined;
  return entrust(call, 'turn/steer', { threadId, expectedTurnId: turn.id, input }).catch(
    () => undefined, // it ended meanwhile: then it is queued, as for an idle thread
  );
}

/** Asks for what puts the text in: from here on, no answer is a doubt. Rejects when the server refuses. */
async function entrust(call: Call, method: string, params: object): Promise<Given> {
  try {
    await call(method, params);
    return HANDED;
  } catch (error) {
    if (error instanceof Unanswered) return doubtful(`the app server was given it and says nothing (${error.message})`);
    throw error;
  }
}
