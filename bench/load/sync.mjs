/** What the disk can do: so many bytes written over and `fdatasync`, one after the other. Answers with those a second. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { finish, work } from './run.mjs';

const { dir, bytes, seconds } = work();
const file = openSync(join(dir, 'sync'), 'w');
const block = Buffer.alloc(bytes, 'x');
// Laid out before it is measured: a file that grows costs more, and the log of a database does not grow for long.
for (let at = 0; at < 256; at++) writeSync(file, block, 0, bytes, at * bytes);
fdatasyncSync(file);
let done = 0;
const start = performance.now();
while (performance.now() - start < seconds * 1000) {
  writeSync(file, block, 0, bytes, (done % 256) * bytes);
  fdatasyncSync(file);
  done += 1;
}
const rate = done / ((performance.now() - start) / 1000);
closeSync(file);
finish({ rate });
