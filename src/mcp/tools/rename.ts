/** relay_rename: another name for this session; its inbox, rooms and key move along. */
import { nameField } from '../../protocol/address.ts';
import { shape } from '../../protocol/check.ts';
import { described } from '../arguments.ts';
import { defineTool, SETTLES } from '../tool.ts';

export const renameTool = defineTool({
  name: 'relay_rename',
  description: 'Take another name; your inbox and rooms move along, the old name still reaches you.',
  annotations: SETTLES,
  shape: shape({ to: described(nameField, 'letter first, then letters, digits, . _ -') }),
  async run(session, { to }, call) {
    const { name, was } = await session.request('rename', { to }, call.signal);
    return { text: `You are ${name} now. Messages to ${was} still reach you.`, structured: { name, was } };
  },
});
