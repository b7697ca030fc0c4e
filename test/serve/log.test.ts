import { describe, expect, it } from 'vitest';
import { openLog } from '../../src/serve/log.ts';
import { madeUpSecrets } from '../secrets/made-up.ts';

function logged(write: (log: ReturnType<typeof openLog>) => void): string {
  let text = '';
  write(openLog('debug', { write: (line) => (text += line) }));
  return text;
}

describe('the log of the relay', () => {
  it('is one JSON line an event', () => {
    const line = logged((log) => log.info({ port: 9999 }, 'started'));
    expect(JSON.parse(line)).toMatchObject({ port: 9999, msg: 'started' });
    expect(line.endsWith('}\n')).toBe(true);
  });

  it('hides what its key says must not be seen', () => {
    const line = logged((log) => log.warn({ token: 'a', request: { body: 'b' } }, 'x'));
    expect(JSON.parse(line)).toMatchObject({ token: '…', request: { body: '…' } });
  });

  it('T15: holds none of 60 secrets, in a message, a field or an error', () => {
    for (const { kind, message } of madeUpSecrets(1)) {
      const text = logged((log) => {
        log.info({}, message);
        log.warn({ why: message }, 'x');
        log.error({ error: new Error(message) }, 'x');
      });
      const lines = text.trimEnd().split('\n');
      expect(lines).toHaveLength(3);
      for (const line of lines) {
        expect(() => JSON.parse(line)).not.toThrow();
        expect([kind, line]).toEqual([
          kind,
          expect.stringMatching(/<[^>]*(key|token|password|secret|header|webhook)[^>]*>/),
        ]);
      }
    }
  });

  it('escapes what a terminal would act on', () => {
    expect(logged((log) => log.debug({ a: 'x\u009b31m\u202ey\u{e0041}' }, '\u001b[2J'))).toMatch(
      /"a":"x\\u009b31m\\u202ey\\udb40\\udc41","msg":"\\u001b\[2J"/,
    );
  });
});
