/** The check of what was kept to be sent, and whose process is gone: it goes when that name is here again, which one that was made up never is by itself. */
import { join } from 'node:path';
import { strandedSends } from '../../client/outbox-store.ts';
import { statePaths } from '../../config/paths.ts';
import { shellQuote } from '../../util/shell-quote.ts';
import { plural } from '../words.ts';
import { type Finding, failed, warn } from './finding.ts';

/** Nothing when nothing is left. */
export function checkOutbox(home: string): Finding[] {
  const { outbox } = statePaths(home);
  try {
    return [...strandedSends(outbox)].map(([name, count]) =>
      warn(
        'outbox',
        `${plural(count, 'message')} of ${name} ${count === 1 ? 'was' : 'were'} not sent before its process ended.`,
        `They go when a session of that name is here: claude-relay mcp --client-id ${name}, for a moment (Ctrl-D ends it). Or throw them away: rm -r ${shellQuote(join(outbox, name))}`,
      ),
    );
  } catch (error) {
    return [failed('outbox', error)];
  }
}
