/** One way in which a program speaks to its model: reads requests, writes answers. Knows nothing of scripts and sockets. */
import type { Said } from './reply.ts';
import type { View } from './view.ts';

export interface Protocol {
  readonly name: string;
  /** `path` is without its version. */
  takes(path: string): boolean;
  view(body: unknown): View;
  /** `id` makes one that was not there before. */
  answer(asked: { readonly path: string; readonly body: unknown }, said: readonly Said[], id: NewId): Answer;
}

export type NewId = (prefix: string) => string;

export interface Answer {
  readonly type: 'application/json' | 'text/event-stream';
  readonly text: string;
}

export const json = (value: unknown): Answer => ({ type: 'application/json', text: JSON.stringify(value) });

/** Server-sent events; those without a name carry data only. */
export function events(list: readonly (readonly [name: string | undefined, data: unknown])[]): Answer {
  const lines = list.map(([name, data]) => {
    const payload = typeof data === 'string' ? data : JSON.stringify(data);
    return `${name === undefined ? '' : `event: ${name}\n`}data: ${payload}\n\n`;
  });
  return { type: 'text/event-stream', text: lines.join('') };
}
