/** What is told about a session: in hello by itself, in lists and presence to others. */
import { type Infer, oneOf, optional, shape, text } from './check.ts';
import { LIMITS } from './limits.ts';

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
});
export type About = Infer<typeof aboutShape>;

export interface SessionInfo {
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
