/**
 * What a session offers to its agent program, without the protocol around it: over stdio that is `protocol.ts`, over HTTP
 * it is a library (`http/mcp-server.ts`). A server may be made to answer a probe and be thrown away; so nothing lives here
 * that must survive: that is in the host, which outlives them all.
 */
import type { Experimental } from '../agents/program.ts';
import { traitsOf } from '../agents/programs.ts';
import type { ClientTraits } from '../agents/traits.ts';
import type { Shelf } from '../delivery/shelf.ts';
import type { Clock } from '../util/clock.ts';
import type { Fields } from '../util/fields.ts';
import type { Random } from '../util/random.ts';
import { safeText, safeTexts } from '../util/safe-text.ts';
import { INBOX, INBOX_URI, inboxText } from './inbox-resource.ts';
import { instructions } from './instructions.ts';
import { isRequestId, type RequestId, RPC, RpcError } from './jsonrpc.ts';
import { type Era, STRUCTURED_SINCE } from './revisions.ts';
import type { Session } from './session.ts';
import type { Tool, ToolAnswer, ToolCall } from './tool.ts';
import { TOOLS } from './tools/all.ts';
import type { AfterWrite } from './written.ts';

/** What outlives a server. */
export interface Host {
  readonly session: Session;
  /** One per session, however many servers serve it. */
  readonly shelf: Shelf;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  /** A notice for the model whose answer was not written yet. */
  notice?: string | undefined;
  /** Told the `_meta` of every tool call; some programs name their session there. */
  onCall?(meta: Fields): void;
  /** Capabilities beside the usual ones, for the program that it serves. */
  experimental?(): Experimental | undefined;
  /** A way to tell the program something by itself, while its connection lives. */
  onServer?(notify: Notify): () => void;
}

export type Notify = (method: string, params: Fields) => void;

/** One request, as the protocol around a server has read it. */
export interface Asked {
  readonly id: RequestId;
  /** Aborts when nobody will read the answer. */
  readonly signal: AbortSignal;
  /** What stands beside its parameters; the protocol's own is taken out. */
  readonly meta: Fields;
  /** The name of the program that asks; undefined where it has not said one. */
  readonly client: string | undefined;
  /** Undefined before `initialize`. */
  readonly revision: string | undefined;
  /** Tells whoever asked, before the answer. Best effort. */
  notify(method: string, params: Fields): void;
}

export interface ToolDescription {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: { readonly type: 'object' };
}

/** What a tool has answered, for the wire. */
export interface ToolResult {
  readonly content: readonly { readonly type: 'text'; readonly text: string }[];
  readonly structuredContent?: Fields;
  readonly isError?: true;
}

const BY_NAME: ReadonlyMap<string, Tool> = new Map(TOOLS.map((tool) => [tool.name, tool]));

/** The tools as a client is told of them; at most 6,000 bytes. */
export function toolList(): ToolDescription[] {
  return TOOLS.map(({ name, description, annotations, schema, meta }) => ({
    name,
    description,
    inputSchema: { ...schema, type: 'object' as const },
    annotations,
    ...(meta ? { _meta: meta } : {}),
  }));
}

export class Server {
  readonly #host: Host;
  readonly #written: AfterWrite;

  /** `written` is told when an answer is out, by whoever writes it. */
  constructor(host: Host, written: AfterWrite) {
    this.#host = host;
    this.#written = written;
  }

  get info(): { readonly name: string; readonly version: string } {
    return { name: 'claude-relay', version: this.#host.version };
  }

  /** Read once, at the beginning: the name of the session stands there as it is then. */
  get instructions(): string {
    return safeText(instructions(this.#host.session.state.name));
  }

  /** Only before the modern era does anything of ours go out that nobody asked for. */
  capabilities(era: Era): Capabilities {
    const experimental = era === 'legacy' ? this.#host.experimental?.() : undefined;
    return { tools: {}, resources: { subscribe: true }, ...(experimental && { experimental }) };
  }

  resources(): readonly (typeof INBOX)[] {
    return [INBOX];
  }

  /** @throws {RpcError} for a resource that is not there. */
  checkResource(uri: string): void {
    if (uri !== INBOX_URI) throw new RpcError(RPC.invalidParams, `Resource not found: ${uri}`, { uri });
  }

  /** @throws {RpcError} for a resource that is not there. */
  async readResource(uri: string, { signal }: Pick<Asked, 'signal'>): Promise<ResourceText> {
    this.checkResource(uri);
    const text = await inboxText(this.#host.session, this.#host.random, signal);
    return { uri, mimeType: INBOX.mimeType, text };
  }

  /** @throws {RpcError} for a tool that is not there. Whatever a tool finds wrong is an answer. */
  async callTool(name: string, args: unknown, asked: Asked): Promise<ToolResult> {
    const tool = BY_NAME.get(name);
    if (!tool)
      throw new RpcError(
        RPC.invalidParams,
        `There is no tool of that name; there are ${[...BY_NAME.keys()].join(', ')}.`,
      );
    const { id } = asked;
    const host = this.#host;
    const written = this.#written;
    const signal = written.signalOf(asked.signal);
    written.begin(id);
    signal.addEventListener('abort', () => written.drop(id), { once: true });
    host.onCall?.(asked.meta);
    const answered = host.session.called(name);
    const client = clientOf(asked);
    const afterWritten = (call: () => void) => {
      if (!signal.aborted) written.add(id, call);
    };
    const answer = await tool.run(host.session, args, toolCall(host, asked, signal, afterWritten, client.traits));
    answered();
    return withNotice(host, answer, client, afterWritten);
  }
}

interface Capabilities {
  readonly tools: Fields;
  readonly resources: { readonly subscribe: true };
  readonly experimental?: Experimental;
}

interface ResourceText {
  readonly uri: string;
  readonly mimeType: string;
  readonly text: string;
}

interface Client {
  readonly traits: ClientTraits;
  readonly takesStructured: boolean;
}

function clientOf({ client, revision = STRUCTURED_SINCE }: Asked): Client {
  const traits = traitsOf(client);
  return { traits, takesStructured: revision >= STRUCTURED_SINCE && !traits.replacesText };
}

function toolCall(
  host: Host,
  { meta, notify }: Asked,
  signal: AbortSignal,
  afterWritten: ToolCall['afterWritten'],
  traits: ClientTraits,
): ToolCall {
  const { progressToken } = meta;
  let steps = 0;
  return {
    signal,
    progress(message) {
      if (!isRequestId(progressToken) || signal.aborted) return;
      steps += 1;
      notify('notifications/progress', { progressToken, progress: steps, message });
    },
    afterWritten,
    shelf: host.shelf,
    traits,
    clock: host.clock,
    random: host.random,
  };
}

/**
 * The answer for the wire, with what the model must be told once: kept until an answer that holds it was written. Whatever a
 * tool has forgotten to make safe is made so here.
 */
function withNotice(
  host: Host,
  answer: ToolAnswer,
  client: Client,
  afterWritten: (call: () => void) => void,
): ToolResult {
  const notice = noticeOf(host);
  if (notice !== undefined) {
    afterWritten(() => {
      if (host.notice !== notice) return;
      host.notice = undefined;
      host.session.state.noticeTold?.();
    });
  }
  const text = notice === undefined ? answer.text : `Note: ${notice}\n${answer.text}`;
  const structured =
    notice === undefined ? answer.structured : answer.structured && { note: notice, ...answer.structured };
  return {
    content: [{ type: 'text', text: safeText(text, { multiline: true }) }],
    ...(structured && client.takesStructured ? { structuredContent: safeFields(structured) } : {}),
    ...(answer.isError ? { isError: true } : {}),
  };
}

/** Best effort: an answer that holds messages is not lost for what was to be said beside it. */
function noticeOf(host: Host): string | undefined {
  try {
    host.notice ??= host.session.state.takeNotice();
  } catch {
    return undefined; // the next answer asks again
  }
  return host.notice;
}

function safeFields(structured: Fields): Fields {
  return Object.fromEntries(Object.entries(structured).map(([name, value]) => [name, safeTexts(value)]));
}
