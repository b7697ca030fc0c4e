/** What a model is told when something failed: what happened, and what to do next. One entry a code. */
import { asRelayError, type Code } from '../protocol/codes.ts';
import { safeText } from '../util/safe-text.ts';

const FAULT = 'This looks like a fault of claude-relay: tell your user, and go on without it.';
const SMALLER = 'Split it, or say where the full text is.';
const ADDRESS = 'relay_peers and relay_sessions list the names, relay_room {"action":"list"} the rooms.';
const LATER = 'Nothing was lost; try again in a little while.';
const OTHER_ADDRESS = 'Tell your user to reach the relay by the address that it was started for.';

const NEXT: Readonly<Record<Code, string>> = {
  bad_frame: FAULT,
  bad_request: 'Correct the arguments and call again.',
  unknown_verb:
    'Tell your user to update claude-relay and restart the relay: it is of another version than this session.',
  too_large: SMALLER,
  frame_too_large: SMALLER,
  unauthorized: 'Tell your user to run `claude-relay doctor` on this machine.',
  forbidden_host: OTHER_ADDRESS,
  forbidden_origin: OTHER_ADDRESS,
  hello_required: FAULT,
  hello_timeout: LATER,
  hello_twice: FAULT,
  version_unsupported: 'Tell your user to update claude-relay and restart the relay and this session.',
  name_required: 'Call relay_status to see the state of this session, and try again.',
  name_invalid: 'Use a name of that form.',
  name_reserved: 'Use another name.',
  name_taken: 'Choose another name, or go on under the present one.',
  unknown_recipient: ADDRESS,
  unknown_message: 'Check the id; relay_history shows the messages that you may see.',
  unknown_room: 'relay_room {"action":"list"} lists the rooms; {"action":"join"} makes one.',
  address_invalid: ADDRESS,
  not_member: 'Call relay_room {"action":"join"} with that room, then try again.',
  unknown_person: 'Tell your user.',
  unknown_device: 'Tell your user.',
  not_invited: 'Tell your user to ask for another invitation.',
  id_conflict: 'Call again; a new id is made.',
  not_accepted: 'It was not sent. Do not try to reach that person in another way; tell your user.',
  held_full: 'It was not sent. Wait until that person has decided about what is held.',
  person_only: 'Ask your user.',
  not_held: 'Tell your user: `claude-relay held` lists what is held.',
  fan_out: 'It was not sent. If really all of them must know, ask your user.',
  too_fast: 'It was not sent. If you only answer each other, stop.',
  paused: 'Stop writing messages, and go on with your own work.',
  inbox_full: 'It was not sent. Try later, when some was read, or write to somebody else.',
  too_many_rooms: 'Leave a room first.',
  too_many_names: 'Go on under the present name.',
  too_many_people: 'Tell your user.',
  too_many_sessions: 'Tell your user.',
  too_many_requests: LATER,
  too_many_connections: LATER,
  storage_full: 'Tell your user to free space on the disk of the relay.',
  storage_failed: 'Tell your user to run `claude-relay doctor`, then try again.',
  shutting_down: LATER,
  replaced: 'Tell your user: another process goes on with this session, and this one needs a restart.',
  silent: LATER,
  timeout: LATER,
  not_connected:
    'Tell your user. Meanwhile relay_send works: it keeps messages and delivers them once the relay is back.',
  outbox_full: 'It was not sent. Tell your user to start the relay, so that what is kept can go out.',
  secret_found:
    'Say where it is kept instead, and send again. If it is none, or must go as it is, your user can send it from a terminal.',
  internal: 'Try once more; if it fails again, tell your user to look at the log.',
};

/**
 * Anything thrown, in words for a model. What is not a RelayError says nothing of itself: its text may hold a path, a
 * secret, or what a peer wrote.
 */
export function failure(error: unknown): string {
  const { code, message } = asRelayError(error);
  const happened = code === 'internal' ? 'claude-relay failed at this.' : safeText(message, { max: 600 });
  return `${happened} ${NEXT[code]}`;
}
