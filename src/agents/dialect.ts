/**
 * How one program's hooks speak: what it tells on stdin, and how it wants to be answered on stdout. The hook process knows
 * none of it: it carries the words to the session process, and the answer back (`hooks/`).
 */

/** One hook call, as the hook process passes it on: only fields that some dialect reads. */
export interface HookCall {
  readonly program: string;
  /** As the program names it, from the command line of the hook. */
  readonly event: string;
  readonly input: HookInput;
}

export type HookInput = Readonly<Record<string, unknown>>;

/** What a hook call means, whatever the program. */
export interface HookEvent {
  /**
   * `start`: the conversation begins or goes on. `prompt`: a turn begins. `tool`: a tool call is over. `turn-end`: the
   * model wants to stop. `wait`: a waiter is ready to wake the session. `end`: the conversation is over.
   */
  readonly kind: 'start' | 'prompt' | 'tool' | 'turn-end' | 'wait' | 'end';
  /** The program's id of the conversation. */
  readonly session?: string;
  readonly transcript?: string;
  readonly tool?: string;
  /** What was put before the model as the turn's beginning: evidence for what it holds. */
  readonly prompt?: string;
  /** The turn goes on only because a hook said so at its last end. */
  readonly isContinued?: boolean;
  /** It comes from a helper of the session's model: nothing may be delivered there. */
  readonly isInner?: boolean;
}

/** What the hook process prints, and ends with. */
export interface HookReply {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exit?: number;
}

export interface Dialect {
  /** Undefined for an event that means nothing to us. */
  read(call: HookCall): HookEvent | undefined;
  /** Puts text before the model at this event; undefined where this event cannot. */
  say(call: HookCall, event: HookEvent, text: string): HookReply | undefined;
  /** What it wants to hear when there is nothing; absent: silence. */
  readonly nothing?: HookReply;
  /** Characters that one hook may put before the model; beyond it the program cuts, or spills them to a file. */
  readonly chars: number;
  /** How often in a row the end of a turn may be put off. */
  readonly continuations: number;
  /** A plugin tells by itself what was read. Else it was read once the program acts again. */
  readonly tells?: true;
}

/** Where a program keeps what a dialect reads. */
interface Names {
  readonly session: readonly string[];
  readonly transcript?: readonly string[];
  readonly tool?: readonly string[];
}

const SESSION_ID = /^[A-Za-z0-9_.:-]{1,128}$/;

/** The part of reading that all dialects share; `kinds` says what each event means. */
export function readEvent(
  call: HookCall,
  kinds: Readonly<Record<string, HookEvent['kind']>>,
  names: Names,
): HookEvent | undefined {
  const kind = Object.hasOwn(kinds, call.event) ? kinds[call.event] : undefined;
  if (kind === undefined) return undefined;
  const { input } = call;
  const session = first(input, names.session);
  const transcript = first(input, names.transcript ?? []);
  const tool = first(input, names.tool ?? []);
  const { prompt } = input;
  return {
    kind,
    ...(session !== undefined && SESSION_ID.test(session) ? { session } : {}),
    ...(transcript === undefined ? {} : { transcript }),
    ...(tool === undefined ? {} : { tool }),
    ...(typeof prompt === 'string' ? { prompt } : {}),
    ...(input.stop_hook_active === true || input.stopHookActive === true ? { isContinued: true } : {}),
    ...(typeof input.agent_id === 'string' && input.agent_id !== '' ? { isInner: true } : {}),
  };
}

function first(input: HookInput, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = input[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** One JSON object on stdout. */
export function printed(value: object): HookReply {
  return { stdout: JSON.stringify(value) };
}

/** `hookSpecificOutput.additionalContext`, which several programs took over from Claude Code. */
export function additionalContext(hookEventName: string, text: string): HookReply {
  return printed({ hookSpecificOutput: { hookEventName, additionalContext: text } });
}

/** The turn goes on with this as its reason. */
export function blocked(text: string): HookReply {
  return printed({ decision: 'block', reason: text });
}
