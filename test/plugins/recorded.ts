/** What a real program told our plugin, line by line. Long texts are cut, and the paths are others. */
import { readFileSync } from 'node:fs';

export type Recorded = Readonly<Record<string, unknown>>;

export function recorded(url: URL): readonly Recorded[] {
  return readFileSync(url, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Recorded);
}

export const idsIn = (value: unknown): string[] => [
  ...new Set([...JSON.stringify(value).matchAll(/\bid=(m[0-9a-z]{12})\b/g)].map(([, id = '']) => id)),
];
