/** OpenCode as a plugin sees it: a client that is asked, and hooks that are called. Shapes as recorded from 1.18.33. */
import type { Hooks } from '../../../src/plugins/opencode/plugin.ts';

export interface Prompted {
  readonly path: { readonly id: string };
  readonly body: {
    readonly parts: readonly { readonly type: string; readonly text: string }[];
    readonly agent?: string;
    readonly model?: object;
    readonly variant?: string;
  };
}

export interface Info {
  readonly id: string;
  readonly parentID?: string;
  readonly agent?: string;
  readonly model?: object;
  readonly time?: { readonly updated: number };
}

export class FakeOpenCode {
  readonly prompts: Prompted[] = [];
  readonly infos: Info[] = [];
  /** Of every conversation. */
  messages: unknown[] = [];
  /** What the next prompts answer; then 204. */
  readonly answers: unknown[] = [];
  readonly asked: string[] = [];
  hooks: Partial<Hooks> = {};
  #last = 0;

  /** As `client`: methods of a class, called with `path`, `query`, `body`. */
  get client() {
    const { prompts, answers, infos, asked } = this;
    const messages = () => this.messages;
    class Session {
      async promptAsync(options: Prompted) {
        prompts.push(options);
        const answer = answers.shift() ?? { data: {} };
        if (answer instanceof Error) throw answer;
        return answer;
      }
      async get({ path: { id } }: { path: { id: string } }) {
        asked.push(`get ${id}`);
        const data = infos.find((info) => info.id === id);
        return data ? { data } : { error: { name: 'NotFoundError' } };
      }
      async list() {
        asked.push('list');
        return { data: infos };
      }
      async messages({ path: { id } }: { path: { id: string } }) {
        asked.push(`messages ${id}`);
        return { data: messages() };
      }
    }
    return { session: new Session() };
  }

  event(type: string, properties: object): Promise<void> {
    return this.hooks.event?.({ event: { id: 'evt_1', type, properties } }) ?? Promise.resolve();
  }

  /** A message of a person, or of a program. Answers what is stored of it. */
  async says(sessionID: string, text: string, agent = 'build') {
    this.#last += 1;
    const messageID = `msg_${this.#last}`;
    const message = {
      id: messageID,
      role: 'user',
      sessionID,
      agent,
      model: { providerID: 'p', modelID: 'm' },
    };
    const parts: Record<string, unknown>[] = [
      { type: 'text', text, messageID, sessionID, id: `prt_${String(this.#last).padStart(4, '0')}` },
    ];
    await this.hooks['chat.message']?.({ sessionID, agent }, { message, parts });
    return { info: message, parts };
  }

  /** The request that is made now holds these. */
  async requests(...messages: readonly object[]): Promise<void> {
    await this.hooks['experimental.chat.messages.transform']?.({}, { messages });
  }

  /** The first of the model's answer. */
  answers1(sessionID: string): Promise<void> {
    return this.event('message.part.updated', {
      sessionID,
      part: { type: 'step-start', sessionID, messageID: 'msg_a' },
    });
  }

  busy(sessionID: string): Promise<void> {
    return this.event('session.status', { sessionID, status: { type: 'busy' } });
  }

  async idle(sessionID: string): Promise<void> {
    await this.event('session.status', { sessionID, status: { type: 'idle' } });
    await this.event('session.idle', { sessionID });
  }

  async tool<Output extends object>(sessionID: string, tool: string, output: Output): Promise<Output> {
    await this.hooks['tool.execute.after']?.({ tool, sessionID, callID: 'call_1', args: {} }, output);
    return output;
  }
}
