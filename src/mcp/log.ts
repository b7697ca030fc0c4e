/** The log of a session process: nothing unless it is asked for, then lines without secrets that no terminal acts on. */
import type { LogLevel } from '../config/options.ts';
import type { Clock } from '../util/clock.ts';
import { safeText } from '../util/safe-text.ts';

export async function openLog(
  level: LogLevel,
  clock: Clock,
  out: { write(line: string): unknown },
): Promise<(message: string) => void> {
  if (level !== 'debug' && level !== 'trace') return () => {};
  const { redacted } = await import('../secrets/main.ts');
  return (message) => void out.write(`${safeText(`${new Date(clock.now()).toISOString()} ${redacted(message)}`)}\n`);
}
