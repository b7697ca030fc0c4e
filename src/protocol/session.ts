/** What is told about a session: in hello by itself, in lists and presence to others. */
import { type Infer, oneOf, optional, shape, text } from './check.ts';
import { LIMITS } from './limits.ts';
import { STANCES } from './stance.ts';

export const KINDS = ['agent', 'person', 'script'] as const;
export type Kind = (typeof KINDS)[number];

const word = text({ max: LIMITS.programChars });

/** What a session says of itself. None of it is proof of anything; it is shown to peers. */
export const aboutShape = shape({
  kind: optional(oneOf(KINDS)),
  host: optional(text({ max: LIMITS.hostChars })),
  cwd: optional(text({ max: LIMITS.pathChars })),
  program: optional(word),
  version: optional(word),
  /** The id that the agent program itself gives its session. Not shown to peers. */
  agent_session: optional(text({ max: LIMITS.idChars * 2 })),
  /** What is to happen at least with messages to it, whatever its person lets through. Not shown to peers. */
  messages: optional(oneOf(STANCES)),
});
export type About = Infer<typeof aboutShape>;

export const DOINGS = ['idle', 'busy', 'waiting'] as const;
/** `waiting`: for its person, at a question or a permission. */
export type Doing = (typeof DOINGS)[number];

/** What a session is doing, and how a message gets into it, as its own side says. */
export interface Attention {
  /** Absent where nothing tells. */
  readonly doing?: Doing;
  /** Milliseconds: since when. */
  readonly doing_since?: number;
  /** The tool that a busy one is in. */
  readonly tool?: string;
  /** The door that wakes it (`inbox socket`, `queue` …); absent where it is only reached at its next turn, or when it asks. */
  readonly door?: string;
}

export interface SessionInfo extends Attention {
  readonly name: string;
  readonly kind: Kind;
  /** A live connection holds the name now. Connected is not attentive: receipts say what was seen. */
  readonly here: boolean;
  /** Milliseconds: when the connection came, if here. */
  readonly since?: number;
  /** Milliseconds: when it was last connected or last acted. */
  readonly last_seen: number;
  readonly host?: string;
  readonly cwd?: string;
  readonly program?: string;
  readonly version?: string;
}
