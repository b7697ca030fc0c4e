/**
 * What the session's program is doing. A plugin of ours in it knows best; then comes its own word, where it writes one; else
 * what its hooks and its calls of our tools tell. After text went in it is taken to be at work until something says otherwise: its own word lags behind.
 */
import type { HookEvent } from '../agents/dialect.ts';
import type { Activity } from '../agents/program.ts';
import type { Clock } from '../util/clock.ts';

/** How long a turn that was just started may take to show. Milliseconds. */
const LAG = 1_500;
/** By so much, and it was set. Milliseconds. */
const SET_BACK = 1_000;

export class Attention {
  readonly #clock: Clock;
  readonly #own: () => Activity | undefined;
  readonly #plugin: () => Activity | undefined;
  #told: Activity | undefined;
  /** A hook has spoken: the next ones will, too. */
  #hasHooks = false;
  /** Milliseconds since 1970: text went in then. */
  #wokenAt: number | undefined;
  /** Between the time of day and the time that passes, when it was last looked at. Milliseconds. */
  #offset: number;

  /** `own`: what the program itself writes down, if it does. `plugin`: what ours in it says; that is never late. */
  constructor(clock: Clock, own: () => Activity | undefined, plugin: () => Activity | undefined = () => undefined) {
    this.#clock = clock;
    this.#own = own;
    this.#plugin = plugin;
    this.#offset = clock.now() - clock.monotonic();
  }

  /** Undefined while nothing has told. */
  get now(): Activity | undefined {
    this.#followClock();
    const plugin = this.#plugin();
    const activity = plugin ? surest(this.#own(), plugin) : newest(this.#own(), this.#told);
    const woken = this.#wokenAt;
    if (woken === undefined) return activity;
    const hasShown = activity !== undefined && activity.since >= woken;
    if (hasShown || this.#clock.now() - woken > LAG) {
      this.#wokenAt = undefined;
      return activity;
    }
    return { doing: 'busy', since: woken };
  }

  /** A hook tells. */
  note({ kind, isInner }: Pick<HookEvent, 'kind' | 'isInner'>): void {
    if (isInner) return;
    this.#hasHooks = true;
    if (kind === 'prompt' || kind === 'tool') this.#set('busy');
    else if (kind === 'turn-end' || kind === 'start') this.#set('idle');
  }

  /** The model has called one of our tools: it is at work. */
  called(tool: string): void {
    this.#followClock();
    this.#told = { doing: 'busy', since: this.#clock.now(), tool };
  }

  /** That call is answered. Without hooks nobody will say when the turn ends. */
  answered(): void {
    if (this.#told?.tool === undefined) return;
    if (this.#hasHooks) this.#set('busy');
    else this.#told = undefined;
  }

  /** Text went in through a door, at that time: a turn is about to begin. Milliseconds since 1970. */
  woken(at: number): void {
    this.#followClock();
    this.#wokenAt = at;
  }

  /** A clock that is set back takes along what was told before: nothing that happens after it would seem newer. */
  #followClock(): void {
    const offset = this.#clock.now() - this.#clock.monotonic();
    const back = this.#offset - offset;
    this.#offset = offset;
    if (back < SET_BACK) return;
    if (this.#told) this.#told = { ...this.#told, since: this.#told.since - back };
    if (this.#wokenAt !== undefined) this.#wokenAt -= back;
  }

  #set(doing: Activity['doing']): void {
    this.#followClock();
    if (this.#told?.doing === doing && this.#told.tool === undefined) return;
    this.#told = { doing, since: this.#clock.now() };
  }
}

/** The program's own word, unless a hook has told something newer. */
function newest(own: Activity | undefined, told: Activity | undefined): Activity | undefined {
  if (own === undefined || told === undefined) return own ?? told;
  return told.since > own.since && told.doing !== own.doing ? told : own;
}

/** A record may know that the person is asked, which a plugin may not; but not at once that the turn has ended. */
function surest(own: Activity | undefined, plugin: Activity): Activity {
  if (own === undefined) return plugin;
  return plugin.doing === 'idle' && plugin.since > own.since ? plugin : own;
}
