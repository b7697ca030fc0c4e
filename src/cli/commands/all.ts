/** The commands, in the order in which help lists them. */
import type { Command } from '../command.ts';
import { accept } from './accept.ts';
import { backup } from './backup.ts';
import { chat } from './chat.ts';
import { completion } from './completion.ts';
import { connect } from './connect.ts';
import { devices } from './devices.ts';
import { disconnect } from './disconnect.ts';
import { doctor } from './doctor.ts';
import { exportCommand } from './export.ts';
import { grant } from './grant.ts';
import { held } from './held.ts';
import { history } from './history.ts';
import { hold } from './hold.ts';
import { install } from './install.ts';
import { invite } from './invite.ts';
import { join } from './join.ts';
import { keepCommand } from './keep.ts';
import { leave } from './leave.ts';
import { mcp } from './mcp.ts';
import { pause } from './pause.ts';
import { peers } from './peers.ts';
import { people } from './people.ts';
import { prune } from './prune.ts';
import { receipts } from './receipts.ts';
import { receive } from './receive.ts';
import { refuse } from './refuse.ts';
import { registerCommand } from './register.ts';
import { rename } from './rename.ts';
import { restore } from './restore.ts';
import { resume } from './resume.ts';
import { revoke } from './revoke.ts';
import { rooms } from './rooms.ts';
import { rotate } from './rotate.ts';
import { send } from './send.ts';
import { serve } from './serve.ts';
import { service } from './service.ts';
import { sessions } from './sessions.ts';
import { shellInit } from './shell-init.ts';
import { status } from './status.ts';
import { uninstall } from './uninstall.ts';
import { unpause } from './unpause.ts';
import { verify } from './verify.ts';
import { watch } from './watch.ts';

export const COMMANDS: readonly Command[] = [
  send,
  receive,
  peers,
  sessions,
  status,
  history,
  receipts,
  rooms,
  join,
  leave,
  rename,
  held,
  accept,
  hold,
  refuse,
  pause,
  unpause,
  watch,
  chat,
  invite,
  people,
  devices,
  grant,
  revoke,
  rotate,
  serve,
  mcp,
  resume,
  install,
  uninstall,
  service,
  connect,
  disconnect,
  doctor,
  backup,
  restore,
  verify,
  exportCommand,
  prune,
  shellInit,
  completion,
  registerCommand,
  keepCommand,
];
