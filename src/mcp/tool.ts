/** What a tool is, and how a call of one always ends in an answer. */

import type { ClientTraits } from '../agents/traits.ts';
import type { Shelf } from '../delivery/shelf.ts';
import type { Check, JsonSchema } from '../protocol/check.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { failure } from './next-step.ts';
import type { Session } from './session.ts';

/** Hints of the Model Context Protocol. A program that refuses unannotated writes needs all of them said. */
export interface Annotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint?: false;
  readonly idempotentHint?: true;
  readonly openWorldHint?: false;
}

/** Changes nothing that anybody could miss. */
export const READS: Annotations = { readOnlyHint: true, openWorldHint: false };
/** Changes something, destroys nothing, stays within the relay. */
export const WRITES: Annotations = { readOnlyHint: false, destructiveHint: false, openWorldHint: false };
/** The same, and doing it again changes nothing more. */
export const SETTLES: Annotations = { ...WRITES, idempotentHint: true };

/** One call, as a tool sees it. */
export interface ToolCall {
  /** Aborts when the caller has cancelled; nobody reads the answer then. */
  readonly signal: AbortSignal;
  /** Tells a caller that asked for it that work goes on. Best effort. */
  progress(message: string): void;
  /** Runs right after the answer of this call was written; never, when it is cancelled or cannot be written. */
  afterWritten(call: () => void): void;
  readonly shelf: Shelf;
  readonly traits: ClientTraits;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ToolAnswer {
  readonly text: string;
  /** For clients that read structured output. Holds a notice wherever it holds a body. */
  readonly structured?: Readonly<Record<string, unknown>>;
  readonly isError?: boolean;
}

export interface Tool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly annotations: Annotations;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly schema: JsonSchema;
  /** Never rejects: whatever goes wrong is an answer with `isError` that says what to do next. */
  run(session: Session, args: unknown, call: ToolCall): Promise<ToolAnswer>;
}

interface ToolSpec<T> {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly annotations: Annotations;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly shape: Check<T>;
  run(session: Session, args: T, call: ToolCall): Promise<ToolAnswer>;
}

/** A tool from its parts: arguments are checked by its shape, and every error becomes an answer. */
export function defineTool<T>(spec: ToolSpec<T>): Tool {
  const { shape, run, ...rest } = spec;
  return {
    ...rest,
    schema: shape.schema,
    async run(session, args, call) {
      try {
        return await run.call(spec, session, shape.read(args ?? {}, ''), call);
      } catch (error) {
        return { text: failure(error), isError: true };
      }
    },
  };
}
