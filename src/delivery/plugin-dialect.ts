/** The words of our own plugins: they tell an event as it is meant, and put in plain text. */
import type { Dialect, HookEvent } from '../agents/dialect.ts';

const KINDS: ReadonlySet<unknown> = new Set<HookEvent['kind']>(['start', 'prompt', 'tool', 'turn-end', 'end']);

export const pluginDialect: Dialect = {
  chars: 9_500,
  continuations: 6,
  read({ input }) {
    const { kind, session, tool, prompt, isInner } = input;
    if (!isKind(kind)) return undefined;
    return {
      kind,
      ...(typeof session === 'string' ? { session } : {}),
      ...(typeof tool === 'string' ? { tool } : {}),
      ...(typeof prompt === 'string' ? { prompt } : {}),
      ...(isInner === true ? { isInner } : {}),
    };
  },
  say: (_call, _event, text) => ({ stdout: text }),
};

function isKind(value: unknown): value is HookEvent['kind'] {
  return KINDS.has(value);
}
