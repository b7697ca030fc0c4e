import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Was the file at `url` (its `import.meta.url`) started as a program, and not imported by one? */
export function isStarted(url: string): boolean {
  const [, script] = process.argv;
  return script !== undefined && realpathSync(script) === fileURLToPath(url);
}
