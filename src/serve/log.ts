/** The relay's log: JSON lines on stderr. Bodies and secrets never come near it; this is the second fence. */
import { pino } from 'pino';
import type { LogLevel } from '../config/options.ts';
import type { Log } from '../relay/log.ts';

/** Keys that would hold a secret or a body, at the top and one below. */
const HIDDEN = ['authorization', 'token', 'key', 'body', 'text', 'headers'];

export function openLog(level: LogLevel): Log {
  const { err } = pino.stdSerializers;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: err, err },
      redact: { paths: HIDDEN.flatMap((key) => [key, `*.${key}`]), censor: '…' },
    },
    // Written at once: the last line before a death is the one that is wanted.
    pino.destination({ fd: 2, sync: true }),
  );
}
