/** The unread inbox as a resource, for clients that show or watch resources. Looking at it marks nothing. */
import { ResourceNotFoundError, type Server } from '@modelcontextprotocol/server';
import type { Random } from '../util/random.ts';
import { plural } from './answers.ts';
import { failure } from './next-step.ts';
import { wrapMessages } from './render.ts';
import type { Session } from './session.ts';

export const INBOX_URI = 'relay://inbox';

const SHOWN = 20;

/** What of a server's host is asked here. */
interface InboxHost {
  readonly session: Session;
  readonly random: Random;
  readonly tells?: boolean;
}

/** Adds the resource to a server, and tells its subscribers when mail may have come, unless others do. Returns the way to stop. */
export function offerInbox(server: Server, host: InboxHost, era: 'legacy' | 'modern'): () => void {
  const { session, random, tells = true } = host;
  let subscribed = false;
  const checked = (uri: string) => {
    if (uri !== INBOX_URI) throw new ResourceNotFoundError(uri);
  };
  server.setRequestHandler('resources/list', () => ({
    resources: [
      {
        uri: INBOX_URI,
        name: 'inbox',
        description: 'Unread messages; reading this marks nothing.',
        mimeType: 'text/plain',
      },
    ],
  }));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [] }));
  server.setRequestHandler('resources/read', async ({ params }, ctx) => {
    checked(params.uri);
    const text = await inboxText(session, random, ctx.mcpReq.signal);
    return { contents: [{ uri: INBOX_URI, mimeType: 'text/plain', text }] };
  });
  if (era === 'legacy') {
    server.setRequestHandler('resources/subscribe', ({ params }) => {
      checked(params.uri);
      subscribed = true;
      return {};
    });
    server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      checked(params.uri);
      subscribed = false;
      return {};
    });
  }
  if (!tells) return () => undefined;
  return session.onMail(function tellSubscribers() {
    // In the modern era the transport's own router knows who listens.
    if (era === 'legacy' && !subscribed) return;
    server.sendResourceUpdated({ uri: INBOX_URI }).catch(() => undefined); // best effort: the next read shows the same
  });
}

async function inboxText(session: Session, random: Random, signal: AbortSignal): Promise<string> {
  try {
    const { messages, more } = await session.request('inbox', { count: SHOWN }, signal);
    if (messages.length === 0) return 'No unread messages.';
    const rest = more > 0 ? ` ${more} more.` : '';
    return `${plural(messages.length, 'unread message')}, oldest first.${rest} relay_receive marks them as read.\n${wrapMessages(messages, random)}`;
  } catch (error) {
    return failure(error);
  }
}
