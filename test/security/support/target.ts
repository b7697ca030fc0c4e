/** A relay under attack, in a process of its own: how much memory it takes, and whether it lives. Linux tells. */
import { readFileSync, writeFileSync } from 'node:fs';
import { sleep, systemClock } from '../../../src/util/clock.ts';
import { RelayProcess } from '../../faults/support/relay-process.ts';
import { machine } from '../../support/cli.ts';

/** What an attack may cost, MiB (threat T18). */
export const MOST_MEMORY = 64;
/** Milliseconds from the last commit until its threads run. */
const THREADS = 2_000;

/** Bystanders share the relay with attackers: it has room for them, not for what attackers pile up. */
export class Target {
  readonly relay: RelayProcess;
  #before = 0;

  private constructor(relay: RelayProcess) {
    this.relay = relay;
  }

  static async start(args: readonly string[] = []): Promise<Target> {
    const relay = new RelayProcess(machine(), { args });
    await relay.start();
    return new Target(relay);
  }

  get port(): number {
    return this.relay.port;
  }

  get token(): string {
    return this.relay.machine.token;
  }

  /** Until everything runs that a relay starts once: the protocol of `/mcp`, and the threads that come a second after a commit. */
  async settle(): Promise<void> {
    const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const response = await fetch(`http://127.0.0.1:${this.port}/mcp?as=early`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: hello }),
    });
    await response.text();
    await sleep(systemClock, THREADS);
  }

  /** From here on memory is measured. */
  mark(): void {
    this.#before = residentMiB(this.relay.pid);
    forgetPeak(this.relay.pid);
  }

  /** The most that it took since `mark`, beyond what it had then, MiB. */
  grown(): number {
    return Math.max(0, Math.ceil(peakMiB(this.relay.pid) - this.#before));
  }

  /** Ends it; throws when it was dead already, or has logged an error. */
  async end(): Promise<void> {
    const { started } = this.relay;
    if (started.child.exitCode !== null) throw new Error(`The relay died: ${started.stderr}`);
    await this.relay.kill('SIGTERM');
    const { code, stderr } = await started.ended;
    const errors = stderr.split('\n').filter((line) => /"level":(50|60)/.test(line));
    if (code !== 0 || errors.length > 0) throw new Error(`The relay ended with ${code}: ${errors.join('\n')}`);
  }
}

/** What a process has in memory now, MiB. */
export function residentMiB(pid: number): number {
  return fieldMiB(pid, 'VmRSS');
}

/** The most since `forgetPeak`, MiB. */
export function peakMiB(pid: number): number {
  return fieldMiB(pid, 'VmHWM');
}

/** 5 resets the peak (proc(5), clear_refs). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function fieldMiB(pid: number, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!found) throw new Error(`/proc/${pid}/status says no ${field}.`);
  return Number(found[1]) / 1024;
}
