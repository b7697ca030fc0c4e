/** What a session offers (`mcp/server.ts`), given to the protocol's library, which speaks it over HTTP. */
import { type McpRequestContext, Server, type ServerContext } from '@modelcontextprotocol/server';
import { META } from '../mcp/revisions.ts';
import { type Asked, type Server as Offered, toolList } from '../mcp/server.ts';
import { fieldsOf } from '../util/fields.ts';

/** An instance for one exchange. It tells nobody of mail: whoever serves it does that. */
export function libraryServer(offered: Offered, { era }: Pick<McpRequestContext, 'era'>): Server {
  // Nothing can be said over HTTP that was not asked for: there is nothing beside the usual.
  const { experimental, ...capabilities } = offered.capabilities(era);
  const server = new Server(offered.info, { capabilities, instructions: offered.instructions });
  server.setRequestHandler('tools/list', () => ({ tools: toolList() }));
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const { content, ...rest } = await offered.callTool(params.name, params.arguments, asked(server, ctx));
    return { content: [...content], ...rest };
  });
  server.setRequestHandler('resources/list', () => ({ resources: [...offered.resources()] }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
  server.setRequestHandler('resources/read', async ({ params }, ctx) => ({
    contents: [await offered.readResource(params.uri, ctx.mcpReq)],
  }));
  if (era === 'modern') return server;
  for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const)
    server.setRequestHandler(method, ({ params }) => {
      offered.checkResource(params.uri);
      return {};
    });
  return server;
}

function asked(server: Server, { mcpReq }: ServerContext): Asked {
  const { name } = fieldsOf(fieldsOf(mcpReq.envelope)[META.client]);
  return {
    id: mcpReq.id,
    signal: mcpReq.signal,
    meta: mcpReq._meta ?? {},
    client: typeof name === 'string' ? name : server.getClientVersion()?.name,
    revision: server.getNegotiatedProtocolVersion(),
    notify: (method, params) => void mcpReq.notify({ method, params }).catch(() => undefined),
  };
}
