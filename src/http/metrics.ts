/** `/metrics` for Prometheus: the relay's own counters and gauges beside those of the process. Needs the token. */
import { Hono } from 'hono';
import type { Counter, Gauge, Registry } from 'prom-client';
import { later } from '../util/later.ts';
import type { RelayFace } from './relay-face.ts';

const PREFIX = 'claude_relay_';

type Measured = Pick<RelayFace, 'counts' | 'counters'>;

export function metricsRoutes(relay: Measured): Hono {
  let series: Promise<Series> | undefined;
  const routes = new Hono();
  routes.get('/metrics', async (context) => {
    series ??= newSeries();
    const { text, contentType } = await (await series).read(relay);
    return context.body(text, 200, { 'content-type': contentType });
  });
  return routes;
}

/** Not at the relay's start: it takes as long to load as half of that. */
export const loadProm = later(async () => (await import('prom-client')).default);

/** From the first time that somebody asks. */
async function newSeries(): Promise<Series> {
  const prom = await loadProm();
  const registry = new prom.Registry();
  // Event loop lag, heap, file descriptors. Their names are what every Node dashboard expects, so without our prefix.
  prom.collectDefaultMetrics({ register: registry });
  return new Series(prom, registry);
}

type Prom = typeof import('prom-client');

/** One series a name, made when the relay first tells it. */
class Series {
  readonly #prom: Prom;
  readonly #registry: Registry;
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();

  constructor(prom: Prom, registry: Registry) {
    this.#prom = prom;
    this.#registry = registry;
  }

  /** In the format of the registry. */
  async read(relay: Measured): Promise<{ readonly text: string; readonly contentType: string }> {
    for (const [name, value] of Object.entries(relay.counts())) this.#gauge(name).set(value);
    for (const [name, value] of relay.counters) {
      const counter = this.#counter(name);
      counter.reset();
      counter.inc(value);
    }
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  #gauge(name: string): Gauge {
    const known = this.#gauges.get(name);
    if (known) return known;
    const made = new this.#prom.Gauge({
      name: PREFIX + seriesName(name),
      help: `${words(name)}, now.`,
      registers: [this.#registry],
    });
    this.#gauges.set(name, made);
    return made;
  }

  #counter(name: string): Counter {
    const known = this.#counters.get(name);
    if (known) return known;
    const full = `${PREFIX}${seriesName(name).replace(/_total$/, '')}_total`;
    const made = new this.#prom.Counter({
      name: full,
      help: `${words(name)} since the start.`,
      registers: [this.#registry],
    });
    this.#counters.set(name, made);
    return made;
  }
}

/** `unsentBytes` and `send.ok` alike become lower case with underscores. */
function seriesName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
}

function words(name: string): string {
  const text = seriesName(name).replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
