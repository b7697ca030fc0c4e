/** The relay's log: JSON lines on stderr. Bodies and secrets never come near it; this is the second fence. */
import { type DestinationStream, pino } from 'pino';
import type { LogLevel } from '../config/options.ts';
import type { Log } from '../relay/log.ts';
import { redacted } from '../secrets/main.ts';
import { escapeUnseen } from '../util/safe-text.ts';

/** Keys that would hold a secret or a body, at the top and one below. */
const HIDDEN = ['authorization', 'token', 'key', 'body', 'text', 'headers'];

/** Written at once: the last line before a death is the one that is wanted. */
const openStderr = (): DestinationStream => pino.destination({ fd: 2, sync: true });

/** Each line with its secrets taken out, and nothing in it that a terminal acts on. */
export function openLog(level: LogLevel, under: DestinationStream = openStderr()): Log {
  const { err } = pino.stdSerializers;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: err, err },
      redact: { paths: HIDDEN.flatMap((key) => [key, `*.${key}`]), censor: '…' },
    },
    { write: (line) => under.write(redacted(escapeUnseen(line))) },
  );
}
