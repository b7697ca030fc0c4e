/** What a soak has found: the figures that are kept of it, and what is wrong with it. */
import { told } from '../../faults/support/check.ts';
import type { Figures } from '../../faults/support/figures.ts';
import type { History } from '../../faults/support/history.ts';
import { leaksIn, type Measure, type Sample, thirdsOf } from './judge.ts';
import type { Storm } from './storm.ts';
import type { Watched } from './watched.ts';
import type { World } from './world.ts';

/** Those of one process that lived all the time, while the faults lasted. */
export interface Lived {
  readonly name: string;
  readonly samples: readonly Sample[];
}

export interface Soak {
  readonly minutes: number;
  readonly seed: number;
  readonly worlds: readonly World[];
  readonly storm: Storm;
  readonly watched: Watched;
  readonly lived: readonly Lived[];
}

const MIB = 1024 * 1024;

export interface Outcome {
  readonly figures: Figures;
  /** A line each. */
  readonly problems: readonly string[];
}

export function outcomeOf({ minutes, seed, worlds, storm, watched, lived }: Soak): Outcome {
  const findings = worlds.flatMap((world) => world.findings());
  const troubles = watched.troubles();
  const events = worlds.flatMap(({ history }) => history.events);
  const count = (holds: (event: (typeof events)[number]) => boolean) => events.filter(holds).length;
  // Two worlds give the same ids.
  const distinct = (kind: 'sent' | 'answered') => worlds.reduce((sum, { history }) => sum + idsOf(history, kind), 0);
  const broken = (...rules: readonly string[]) => findings.filter(({ rule }) => rules.includes(rule)).length;
  const rejections = troubles.filter(({ trouble }) => trouble === 'unhandledRejection').length;
  const figures = {
    minutes,
    faults: storm.total,
    ...Object.fromEntries([...storm.counts].sort()),
    'messages sent': distinct('sent'),
    answered: distinct('answered'),
    read: count(({ kind }) => kind === 'read'),
    lost: broken('lost', 'limbo'),
    'shown again, marked': count((event) => event.kind === 'read' && event.redelivered),
    'shown twice unmarked': broken('doubled'),
    'out of order': broken('misordered', 'moved'),
    'altered or never sent': broken('altered', 'unsent'),
    processes: watched.processes,
    'unhandled rejections': rejections,
    'other errors and warnings that nobody caught': troubles.length - rejections,
    ...Object.assign({}, ...lived.map(figuresOf)),
    seed: `${seed}`,
  };
  const leaks = lived.flatMap(({ name, samples }) => leaksIn(samples).map((leak) => `${name}: ${leak}`));
  const uncaught = troubles.map(({ trouble, what }) => `${trouble}: ${what}`);
  const lines = told(findings);
  return { figures, problems: [...(lines === '' ? [] : [lines]), ...uncaught, ...leaks, ...storm.failures] };
}

function idsOf({ events }: History, kind: 'sent' | 'answered'): number {
  return new Set(events.flatMap((event) => (event.kind === kind ? event.id : []))).size;
}

/** `relay: heap MiB 21.3 → 21.9 → 21.9`: a figure for each third. */
function figuresOf({ name, samples }: Lived): Figures {
  const shown = (measure: Measure, unit: number, digits: number) =>
    thirdsOf(samples, measure)
      .map((value) => (value / unit).toFixed(digits))
      .join(' → ');
  return {
    [`${name}: heap MiB, by thirds`]: shown('heap', MIB, 1),
    [`${name}: memory MiB`]: shown('memory', MIB, 1),
    [`${name}: descriptors`]: shown('descriptors', 1, 0),
    [`${name}: timers`]: shown('timers', 1, 0),
    [`${name}: handles`]: shown('handles', 1, 0),
  };
}
