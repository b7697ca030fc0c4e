/** relay_status: who am I, is the relay there, what is unread, and what became of my last sends. Never an error. */
import { shape } from '../../protocol/check.ts';
import type { SentSummary, StatusResult } from '../../protocol/verbs.ts';
import { safeText } from '../../util/safe-text.ts';
import * as answers from '../answers.ts';
import { utc } from '../render.ts';
import type { Session } from '../session.ts';
import { defineTool, READS, type ToolAnswer } from '../tool.ts';

const LAST_SENDS = 5;

export const statusTool = defineTool({
  name: 'relay_status',
  description:
    'Your name, the connection, unread, rooms, and how far your last sends got (stored, handed, seen, replied).',
  annotations: READS,
  shape: shape({}),
  async run(session, _args, call): Promise<ToolAnswer> {
    const [answer, sends] = await Promise.all([askStatus(session, call.signal), askSends(session, call.signal)]);
    const { state } = session;
    return {
      text: answers.status(state, answer, sends),
      structured: {
        name: state.name,
        connected: state.connected,
        relay: state.relay,
        unread: answer?.unread ?? state.unread,
        outbox: state.outbox,
        ...(answer ? { rooms: answer.rooms } : {}),
        sends: sends.map(({ preview, at, ...rest }) => ({
          ...rest,
          at: utc(at),
          preview: safeText(preview, { max: 80 }),
        })),
      },
    };
  },
});

/** Undefined when the relay does not answer: the state of the session says why, and that is what was asked for. */
async function askStatus(session: Session, signal: AbortSignal): Promise<StatusResult | undefined> {
  return session.request('status', {}, signal).catch(() => undefined);
}

async function askSends(session: Session, signal: AbortSignal): Promise<readonly SentSummary[]> {
  const result = await session.request('receipts', { count: LAST_SENDS }, signal).catch(() => undefined);
  return result && 'sends' in result ? result.sends : [];
}
