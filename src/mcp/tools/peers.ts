/** relay_peers: who is here now. */
import { shape } from '../../protocol/check.ts';
import * as answers from '../answers.ts';
import { defineTool, READS } from '../tool.ts';

export const peersTool = defineTool({
  name: 'relay_peers',
  description: 'Who is connected now.',
  annotations: READS,
  shape: shape({}),
  async run(session, _args, call) {
    const result = await session.request('peers', {}, call.signal);
    const me = session.state.name;
    return {
      text: answers.peers(result, me),
      structured: { me, peers: result.peers.map(answers.structuredSession), more: result.more },
    };
  },
});
