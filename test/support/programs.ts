/** Programs that a machine may lack. Their tests are skipped there, with the reason; in CI they must be there. */
import { which } from '../../src/util/which.ts';

/** For `beforeEach(({ skip }) => needs('fish', skip))`, or for one test's own `skip`. */
export function needs(program: string, skip: (why: string) => void): void {
  if (which(program, process.env['PATH']) !== undefined) return;
  if (process.env['CI']) throw new Error(`${program} is not installed: it belongs into scripts/apt-packages.txt`);
  skip(`${program} is not installed (scripts/apt-packages.txt)`);
}
