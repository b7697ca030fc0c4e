import type { Verb } from '../../protocol/verbs.ts';
import type { VerbHandler } from '../verb.ts';
import { decide, held, pause } from './held.ts';
import { history } from './history.ts';
import { inbox } from './inbox.ts';
import { peers, sessions, status } from './people.ts';
import { presence } from './presence.ts';
import { receipt } from './receipt.ts';
import { receipts } from './receipts.ts';
import { receive } from './receive.ts';
import { rename } from './rename.ts';
import { join, leave, rooms } from './rooms.ts';
import { send } from './send.ts';

export const HANDLERS: { readonly [V in Verb]: VerbHandler<V> } = {
  send,
  receive,
  inbox,
  receipt,
  receipts,
  history,
  presence,
  peers,
  sessions,
  status,
  join,
  leave,
  rooms,
  rename,
  held,
  decide,
  pause,
};
