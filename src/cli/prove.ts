/** `doctor --prove`: who is probed, and how what was found is told. The probing is in `proof.ts`. */
import { isName } from '../protocol/address.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { SessionInfo } from '../protocol/session.ts';
import { EXIT, Failure } from '../util/failure.ts';
import { safeJson } from '../util/safe-text.ts';
import { doorOf, isSeen, type Probe, timeWords } from './checks/probe.ts';
import { remedyFor } from './checks/remedy.ts';
import type { Context } from './command.ts';
import type { Output, Style } from './output.ts';
import { Proof } from './proof.ts';
import { RelayAccess } from './relay.ts';
import { plural } from './words.ts';

/**
 * Seconds. A session's own side says within 45 s why a message was not read (a spent budget, a door that failed): a shorter
 * probe would end before the best answer there is.
 */
const PATIENCE = 50;
const LONGEST = 3_600;

/** Answers the exit code: 0 when every probe was seen. */
export async function prove(ctx: Context): Promise<number> {
  const { given, out } = ctx;
  const seconds = given.integer('--for', { min: 1, max: LONGEST }) ?? PATIENCE;
  const relay = new RelayAccess(ctx, { as: given.text('--as') });
  const named = namesOf(given.list('name'), relay.name);
  const names = named.length > 0 ? named : await runningAgents(out, relay);
  const todo = (peer: SessionInfo) => remedyFor(ctx, peer);
  const probes = names.length === 0 ? [] : await new Proof(ctx, relay, { names, seconds, todo }).run();
  const isProven = probes.length > 0 && probes.every(isSeen);
  if (out.isJson) out.json({ ok: isProven, probes });
  else show(out, probes);
  return isProven ? EXIT.ok : EXIT.nothing;
}

function namesOf(words: readonly string[], self: string): readonly string[] {
  for (const word of words) {
    const fits: boolean = isName(word);
    if (!fits)
      throw new Failure('usage', `${safeJson(word.slice(0, 80))} is no name of a session.`, 'See: claude-relay peers');
    if (word === self) throw new Failure('usage', `${word} is who sends the probe.`, 'Send it as another: --as NAME');
  }
  return [...new Set(words)];
}

/** Whoever has the key of a name on this machine may disturb that session; the others' are probed by name only. */
async function runningAgents(out: Output, relay: RelayAccess): Promise<readonly string[]> {
  const { peers } = await relay.ask('peers', {}, { nameless: true });
  const agents = peers.filter(({ kind, name }) => kind === 'agent' && name !== relay.name).map(({ name }) => name);
  const ours = agents.filter((name) => relay.hasKeyOf(name)).slice(0, LIMITS.recipients);
  const left = agents.length - ours.length;
  if (ours.length === 0) out.say('No agent session of this machine is connected to the relay.');
  if (left > 0) out.say(`${plural(left, 'other agent session')} here; a name after --prove probes one.`);
  return ours;
}

function show(out: Output, probes: readonly Probe[]): void {
  if (probes.length === 0) return;
  const rows = probes.flatMap((probe) => {
    const { name, state, handed_ms, seen_ms, in_the_way: way = '', todo } = probe;
    const times = [handed_ms, seen_ms].map((ms) => (ms === undefined ? '-' : timeWords(ms)));
    const row = [
      { text: name, style: 'cyan' as const },
      { text: state, style: styleOf(probe) },
      doorOf(probe),
      ...times,
      way,
    ];
    return todo === undefined ? [row] : [row, ['', '', '', '', '', `→ ${todo}`]];
  });
  out.table(['NAME', 'STATE', 'DOOR', 'HANDED', 'SEEN', 'IN THE WAY'], rows);
}

function styleOf(probe: Probe): Style {
  return isSeen(probe) ? 'green' : probe.state === 'handed' ? 'yellow' : 'red';
}
