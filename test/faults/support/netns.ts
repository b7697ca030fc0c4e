/** Networks of our own, without any way out, in which packets can be dropped without anybody being told. Needs root on Linux. */
import { execFileSync } from 'node:child_process';
import { afterEveryTest } from '../../support/cleanup.ts';

const made = new Set<NetNs>();
let count = 0;

export class NetNs {
  readonly name = `crfault-${process.pid}-${++count}`;

  constructor() {
    run('ip', ['netns', 'add', this.name]);
    made.add(this);
    this.exec('ip', ['link', 'set', 'lo', 'up']);
    this.exec('nft', ['add', 'table', 'inet', 'cut']);
    this.exec('nft', ['add', 'chain', 'inet', 'cut', 'arriving', '{ type filter hook input priority 0; }']);
  }

  /** What a program is started through to be in it. */
  get through(): readonly string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  exec(program: string, args: readonly string[]): string {
    return run('ip', ['netns', 'exec', this.name, program, ...args]);
  }

  /** A cable to another one. */
  link(other: NetNs): Wire {
    return new Wire(this, other);
  }

  /** Nothing that comes in by that interface arrives any more. */
  drop(from: string): void {
    this.exec('nft', ['add', 'rule', 'inet', 'cut', 'arriving', 'iifname', from, 'drop']);
  }

  undrop(): void {
    this.exec('nft', ['flush', 'chain', 'inet', 'cut', 'arriving']);
  }

  remove(): void {
    if (made.delete(this)) run('ip', ['netns', 'del', this.name]);
  }
}

/** Two ends, in two networks, with an address each. */
export class Wire {
  readonly near: { readonly netns: NetNs; readonly face: string; readonly address: string };
  readonly far: { readonly netns: NetNs; readonly face: string; readonly address: string };

  constructor(near: NetNs, far: NetNs) {
    const n = ++count;
    this.near = { netns: near, face: `crn${n}`, address: `10.77.${n % 256}.1` };
    this.far = { netns: far, face: `crf${n}`, address: `10.77.${n % 256}.2` };
    near.exec('ip', ['link', 'add', this.near.face, 'type', 'veth', 'peer', 'name', this.far.face, 'netns', far.name]);
    for (const { netns, face, address } of [this.near, this.far]) {
      netns.exec('ip', ['address', 'add', `${address}/30`, 'dev', face]);
      netns.exec('ip', ['link', 'set', face, 'up']);
    }
    // Only when both ends are up does either carry something, a moment later.
    for (const { netns, face } of [this.near, this.far])
      while (netns.exec('cat', [`/sys/class/net/${face}/operstate`]).trim() !== 'up');
  }

  /** Drops what is sent to one end, or to both. */
  cut(which: 'near' | 'far' | 'both'): void {
    for (const end of which === 'both' ? (['near', 'far'] as const) : [which]) this[end].netns.drop(this[end].face);
  }
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

// What still runs in one keeps it until it ends.
afterEveryTest(() => {
  for (const netns of [...made]) netns.remove();
});
