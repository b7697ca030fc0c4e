/** Reading JSON that others wrote: what is not there, or is something else, is nothing; never an error. */

export function get(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}

export const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Its size on the wire. */
export const bytes = (value: unknown): number =>
  value === undefined ? 0 : Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));

/** All text in a content: a string, blocks of text, or blocks that hold others. */
export function flat(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(flat).join('\n');
  const inner = ['text', 'content', 'output', 'parts'].map((key) => get(content, key)).find(Boolean);
  return inner === undefined ? '' : flat(inner);
}
