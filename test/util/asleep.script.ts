/** Sleeps, kept alive or not, and says so on stdout when it wakes. Run by `clock.test.ts`. */
import { keepAlive, sleep, systemClock } from '../../src/util/clock.ts';

const letGo = process.argv[2] === 'alive' ? keepAlive() : undefined;
await sleep(systemClock, 50);
letGo?.();
process.stdout.write('awake\n');
