/** relay_sessions: everybody ever known, with when they were last seen. */
import { shape } from '../../protocol/check.ts';
import * as answers from '../answers.ts';
import { defineTool, READS } from '../tool.ts';

/** More lines than this help nobody; the rest is counted. */
const LISTED = 50;

export const sessionsTool = defineTool({
  name: 'relay_sessions',
  description: 'All known sessions, away ones too, with when last seen.',
  annotations: READS,
  shape: shape({}),
  async run(session, _args, call) {
    const result = await session.request('sessions', { count: LISTED }, call.signal);
    return {
      text: answers.sessions(result, session.state.name),
      structured: { sessions: result.sessions.map(answers.structuredSession), more: result.more },
    };
  },
});
