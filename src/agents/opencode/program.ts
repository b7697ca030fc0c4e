/** OpenCode 1.x. Our plugin runs inside it, and is its door; facts as of 1.18.33. */
import type { AgentProgram } from '../program.ts';

export const opencode: AgentProgram = {
  id: 'opencode',
  title: 'OpenCode',
  signs: { marks: ['OPENCODE'] },
  clientName: 'opencode',
  plugin: 'plugin',
  doorless: 'our plugin is not connected',
};
