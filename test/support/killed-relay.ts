/**
 * The address that a relay leaves in its home when it is killed. Nobody answers there, whatever else runs on this machine; or,
 * with a port, who has that by now.
 */
import { writeRelayFile } from '../../src/config/relay-file.ts';

export function killedRelay(home: string, port = 1): void {
  writeRelayFile(home, { pid: 1, port, url: `ws://127.0.0.1:${port}`, version: '0', started: 0 });
}
