import { describe, expect, it } from 'vitest';
import { LOG_LEVELS, type LogLevel } from '../../src/config/options.ts';
import { openLog } from '../../src/mcp/log.ts';
import { FakeClock } from '../support/fake-clock.ts';

async function logged(level: LogLevel, message: string): Promise<string> {
  let lines = '';
  const log = await openLog(level, new FakeClock(), { write: (line) => (lines += line) });
  log(message);
  return lines;
}

describe('the log of a session process', () => {
  it.each(LOG_LEVELS.map((level) => [level]))('at %s is silent unless it is debug or trace', async (level) => {
    expect(await logged(level, 'hello')).toMatch(/^(debug|trace)$/.test(level) ? /^\d{4}-.*Z hello\n$/ : /^$/);
  });

  it('is one line an event, without secrets and without what a terminal acts on', async () => {
    const line = await logged('debug', `two\nlines \u001b[2J glpat-${'x7Kq2'.repeat(4)} \u202e`);
    expect(line.slice(25)).toBe('two␊lines ␛[2J <GitLab token> <202e>\n');
  });
});
