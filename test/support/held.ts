/** Which files below a directory hold a secret. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export function readHeld(dir: string, secret: string): string[] {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name));
  return paths.filter((path) => statSync(path).isFile() && readFileSync(path, 'utf8').includes(secret)).sort();
}
