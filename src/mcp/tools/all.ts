/** The tools, in the order in which they are listed. */
import type { Tool } from '../tool.ts';
import { historyTool } from './history.ts';
import { peersTool } from './peers.ts';
import { receiveTool } from './receive.ts';
import { renameTool } from './rename.ts';
import { roomTool } from './room.ts';
import { sendTool } from './send.ts';
import { sessionsTool } from './sessions.ts';
import { statusTool } from './status.ts';

export const TOOLS: readonly Tool[] = [
  sendTool,
  receiveTool,
  peersTool,
  statusTool,
  sessionsTool,
  historyTool,
  roomTool,
  renameTool,
];
