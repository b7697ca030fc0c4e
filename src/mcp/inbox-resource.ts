/** The unread inbox as a resource, for clients that show or watch resources. Looking at it marks nothing. */
import type { Random } from '../util/random.ts';
import { plural } from './answers.ts';
import { failure } from './next-step.ts';
import { wrapMessages } from './render.ts';
import type { Session } from './session.ts';

export const INBOX_URI = 'relay://inbox';

/** As a client is told of it. */
export const INBOX = {
  uri: INBOX_URI,
  name: 'inbox',
  description: 'Unread messages; reading this marks nothing.',
  mimeType: 'text/plain',
} as const;

const SHOWN = 20;

/** Never rejects: what goes wrong is the text. */
export async function inboxText(session: Session, random: Random, signal: AbortSignal): Promise<string> {
  try {
    const { messages, more } = await session.request('inbox', { count: SHOWN }, signal);
    if (messages.length === 0) return 'No unread messages.';
    const rest = more > 0 ? ` ${more} more.` : '';
    return `${plural(messages.length, 'unread message')}, oldest first.${rest} relay_receive marks them as read.\n${wrapMessages(messages, random)}`;
  } catch (error) {
    return failure(error);
  }
}
