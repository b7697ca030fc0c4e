import { chmodSync, existsSync, lstatSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Connection,
  readConnection,
  removeConnection,
  urlOf,
  writeConnection,
} from '../../../src/cli/connect/record.ts';
import { statePaths } from '../../../src/config/paths.ts';
import { tempDir } from '../../support/temp-dir.ts';

const CONNECTION: Connection = {
  way: { target: 'me@relay', options: ['-p2222'] },
  port: 9998,
  remotePort: 9999,
  credential: { device: 'd1', before: { id: 'd0', person: 'p', url: 'ws://x', relay: 'f', key: 'k' } },
  config: { before: '{}', written: '{ "relayUrl": "x" }' },
};

describe('the record of a connection', () => {
  it('is what was written, and private: it may hold a key of before', () => {
    const home = tempDir();
    expect(readConnection(home)).toBeUndefined();
    writeConnection(home, CONNECTION);
    expect(readConnection(home)).toEqual(CONNECTION);
    expect(lstatSync(statePaths(home).connection).mode & 0o777).toBe(0o600);
    removeConnection(home);
    removeConnection(home);
    expect(existsSync(statePaths(home).connection)).toBe(false);
  });

  it('says where the near end is: 127.0.0.1, and no other name of this machine', () => {
    expect(urlOf(CONNECTION)).toBe('ws://127.0.0.1:9998');
  });

  it.each([
    '',
    'x',
    'null',
    '[]',
    '{}',
    '{"way":"me@relay","port":1,"remotePort":2}',
    '{"way":{"target":"me@relay"},"port":1,"remotePort":2}',
    '{"way":{"target":"me@relay","options":[]},"port":"1","remotePort":2}',
  ])('that reads %j is damaged, and says what to do', (text) => {
    const home = tempDir();
    writeFileSync(statePaths(home).connection, text, { mode: 0o600 });
    expect(() => readConnection(home)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('is damaged.'),
        remedy: expect.stringContaining('service uninstall tunnel'),
      }),
    );
  });

  it('that others can read is refused', () => {
    const home = tempDir();
    writeConnection(home, CONNECTION);
    chmodSync(statePaths(home).connection, 0o644);
    expect(() => readConnection(home)).toThrow('open to other users');
  });
});
