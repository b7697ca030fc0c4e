/**
 * One server instance for one client connection, of either protocol era. A transport may build an instance to answer
 * a probe and throw it away; so nothing lives here that must survive: that is in the host, which outlives them all.
 */
import {
  type CallToolRequest,
  type CallToolResult,
  CLIENT_INFO_META_KEY,
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Experimental } from '../agents/program.ts';
import { traitsOf } from '../agents/programs.ts';
import type { ClientTraits } from '../agents/traits.ts';
import type { Shelf } from '../delivery/shelf.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { safeText, safeTexts } from '../util/safe-text.ts';
import { offerInbox } from './inbox-resource.ts';
import { instructions } from './instructions.ts';
import type { Session } from './session.ts';
import type { Tool, ToolAnswer, ToolCall } from './tool.ts';
import { TOOLS } from './tools/all.ts';
import type { AfterWrite } from './written.ts';

/** What outlives a server instance. */
export interface Host {
  readonly session: Session;
  /** One per session, however many instances serve it. */
  readonly shelf: Shelf;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  /** False: an instance lives for one request and has nobody to tell that mail came; whoever serves it does that. True when absent. */
  readonly tells?: boolean;
  /** A notice for the model whose answer was not written yet. */
  notice?: string | undefined;
  /** Told the `_meta` of every tool call; some programs name their session there. */
  onCall?(meta: Readonly<Record<string, unknown>>): void;
  /** Capabilities beside the usual ones, for the program that it serves. */
  experimental?(): Experimental | undefined;
  /** A way to tell the program something by itself, while this instance lives. */
  onServer?(notify: Notify): () => void;
}

export type Notify = (method: string, params: Readonly<Record<string, unknown>>) => void;

/** Structured output came with this revision; dates compare as text. */
const STRUCTURED_SINCE = '2025-06-18';

const BY_NAME: ReadonlyMap<string, Tool> = new Map(TOOLS.map((tool) => [tool.name, tool]));

/** The tools as a client is told of them; at most 6,000 bytes. */
export function toolList(): { name: string; description: string; inputSchema: { type: 'object' } }[] {
  return TOOLS.map(({ name, description, annotations, schema, meta }) => ({
    name,
    description,
    inputSchema: { ...schema, type: 'object' as const },
    annotations,
    ...(meta ? { _meta: meta } : {}),
  }));
}

/** A server for one connection. `written` is told by its transport when an answer is out. */
export function createServer(host: Host, { era }: Pick<McpRequestContext, 'era'>, written: AfterWrite): Server {
  const server = new Server(
    { name: 'claude-relay', version: host.version },
    {
      capabilities: { tools: {}, resources: { subscribe: true }, ...experimentalOf(host, era) },
      instructions: safeText(instructions(host.session.state.name)),
    },
  );
  server.setRequestHandler('tools/list', () => ({ tools: toolList() }));
  server.setRequestHandler('tools/call', (request, ctx) => callTool(host, server, request, ctx, written));
  const stop = offerInbox(server, host, era);
  const forget = host.onServer?.(
    (method, params) => void server.notification({ method, params }).catch(() => undefined),
  );
  server.onclose = () => {
    stop();
    forget?.();
  };
  return server;
}

/** Only before the modern era does anything of ours go out that nobody asked for. */
function experimentalOf(host: Host, era: McpRequestContext['era']): { experimental?: Experimental } {
  const experimental = era === 'legacy' ? host.experimental?.() : undefined;
  return experimental ? { experimental } : {};
}

async function callTool(
  host: Host,
  server: Server,
  { params }: CallToolRequest,
  ctx: ServerContext,
  written: AfterWrite,
): Promise<CallToolResult> {
  const tool = BY_NAME.get(params.name);
  if (!tool)
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `There is no tool of that name; there are ${[...BY_NAME.keys()].join(', ')}.`,
    );
  const { id } = ctx.mcpReq;
  const signal = written.signalOf(ctx.mcpReq.signal);
  written.begin(id);
  signal.addEventListener('abort', () => written.drop(id), { once: true });
  host.onCall?.(params._meta ?? {});
  const answered = host.session.called(params.name);
  const client = describeClient(server, ctx);
  const afterWritten = (call: () => void) => {
    if (!signal.aborted) written.add(id, call);
  };
  const answer = await tool.run(
    host.session,
    params.arguments,
    toolCall(host, ctx, signal, afterWritten, client.traits),
  );
  answered();
  return withNotice(host, answer, client, afterWritten);
}

interface Client {
  readonly traits: ClientTraits;
  readonly takesStructured: boolean;
}

/** Who calls: said with each request in the modern era, once at the beginning before it. */
function describeClient(server: Server, ctx: ServerContext): Client {
  const traits = traitsOf(nameInEnvelope(ctx) ?? server.getClientVersion()?.name);
  const revision = server.getNegotiatedProtocolVersion() ?? STRUCTURED_SINCE;
  return { traits, takesStructured: revision >= STRUCTURED_SINCE && !traits.replacesText };
}

function nameInEnvelope(ctx: ServerContext): string | undefined {
  const said: Readonly<Record<string, unknown>> = { ...ctx.mcpReq.envelope };
  const info = said[CLIENT_INFO_META_KEY];
  if (typeof info !== 'object' || info === null || !('name' in info)) return undefined;
  return typeof info.name === 'string' ? info.name : undefined;
}

function toolCall(
  host: Host,
  ctx: ServerContext,
  signal: AbortSignal,
  afterWritten: ToolCall['afterWritten'],
  traits: ClientTraits,
): ToolCall {
  const { _meta } = ctx.mcpReq;
  const progressToken = _meta?.progressToken;
  let steps = 0;
  return {
    signal,
    progress(message) {
      if (progressToken === undefined || signal.aborted) return;
      steps += 1;
      const params = { progressToken, progress: steps, message };
      ctx.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined); // best effort
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
): CallToolResult {
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

function safeFields(structured: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(structured).map(([name, value]) => [name, safeTexts(value)]));
}
