/** The words of our own plugins: they tell an event as it is meant, and put in plain text. */
import type { Dialect, HookEvent } from '../agents/dialect.ts';
import type { Activity } from '../agents/program.ts';
import type { Fields } from '../util/fields.ts';
import type { PluginState } from './plugin-door.ts';

const KINDS: ReadonlySet<unknown> = new Set<HookEvent['kind']>(['start', 'prompt', 'tool', 'turn-end', 'end']);
const DOINGS: ReadonlySet<unknown> = new Set<Activity['doing']>(['idle', 'busy', 'waiting']);

export const pluginDialect: Dialect = {
  chars: 9_500,
  continuations: 6,
  tells: true,
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

/** `{"open":true,"doing":"busy","tool":"bash","for_ms":120}`; `now` in milliseconds since 1970. */
export function readState({ open, reason, doing, tool, for_ms: forMs }: Fields, now: number): PluginState {
  const since = typeof forMs === 'number' && forMs > 0 ? now - forMs : now;
  return {
    isOpen: open === true,
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(isDoing(doing) ? { activity: { doing, since, ...(typeof tool === 'string' ? { tool } : {}) } } : {}),
  };
}

function isKind(value: unknown): value is HookEvent['kind'] {
  return KINDS.has(value);
}

function isDoing(value: unknown): value is Activity['doing'] {
  return DOINGS.has(value);
}
