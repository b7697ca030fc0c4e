/** What a relay leaves in its home that was killed: an address at which nobody answers, whatever else runs on this machine. */
import { writeRelayFile } from '../../src/config/relay-file.ts';

export function deadRelay(home: string): void {
  writeRelayFile(home, { pid: 1, port: 1, url: 'ws://127.0.0.1:1', version: '0', started: 0 });
}
