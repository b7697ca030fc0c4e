/**
 * `/mcp`: the session process's own server over Streamable HTTP, both protocol eras, for clients that take a URL.
 *
 * Who speaks is said by the URL (`/mcp?as=NAME`) or by `Relay-As: NAME`, with `Relay-Key` for a name that has a key.
 * Without either it is `MCP`, which all such clients share; the first answer says so, and how to get a name of one's own.
 */
import type { ServerResponse } from 'node:http';
import { checkName } from '../protocol/address.ts';
import { RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';
import { THE_OWNER } from '../relay/identity.ts';
import type { Log } from '../relay/log.ts';
import { mayCome } from '../relay/places.ts';
import type { Clock } from '../util/clock.ts';
import { later } from '../util/later.ts';
import type { Random } from '../util/random.ts';
import { readBody } from './body.ts';
import type { McpSeat, SeatOptions } from './mcp-seat.ts';
import type { Caller, RelayFace } from './relay-face.ts';

const SHARED_NAME = 'MCP';
const SHARED_NOTICE = `You gave no name, so you are ${SHARED_NAME}, like every other client that gave none. Add ?as=NAME to the URL of this server to have an inbox of your own.`;

export interface McpOptions {
  readonly relay: RelayFace;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly extend?: SeatOptions['extend'];
}

const PLACES = { all: LIMITS.mcpNames, each: LIMITS.mcpNamesPerPerson };

type Speaker = Caller & { readonly name: string };
type Protocol = Awaited<ReturnType<typeof loadProtocol>>;

export class McpDoor {
  readonly #options: McpOptions;
  readonly #seats = new Map<string, McpSeat>();
  /** Whose each of them is. */
  readonly #persons = new Map<string, number>();

  constructor(options: McpOptions) {
    this.#options = options;
  }

  /** Names that have a seat at the moment. */
  get size(): number {
    return this.#seats.size;
  }

  /** Rejects with a RelayError for what is wrong before the protocol begins: name, key, size. */
  async serve(request: Request, outgoing: ServerResponse, caller: Caller): Promise<Response> {
    const url = new URL(request.url);
    const name = caller.name ?? url.searchParams.get('as') ?? undefined;
    const speaker = { kind: 'agent', ...caller, name: checkName(name ?? SHARED_NAME) } as const;
    // Before anything waits: a body that nobody reads is held, and not counted.
    const body = await readBody(request);
    const protocol = await loadProtocol();
    // With every request: the name may have been given a key since, which this caller would have to have.
    await this.#options.relay.enter(speaker);
    // Nothing waits from here until the request is under way: two first ones of a name that come at once would have a seat
    // each, and another newcomer could be given the place of this one.
    const seat = this.#seat(protocol, speaker, name === undefined, url);
    return await seat.serve(rebuilt(request, body), body, outgoing);
  }

  /** Ends every stream. */
  async close(): Promise<void> {
    const seats = [...this.#seats.values()];
    this.#seats.clear();
    this.#persons.clear();
    await Promise.all(seats.map((seat) => seat.close()));
  }

  #seat({ McpSeat, RelaySession }: Protocol, caller: Speaker, isShared: boolean, url: URL): McpSeat {
    const { person, device = '' } = caller.identity ?? THE_OWNER;
    const id = [caller.name, caller.key ?? '', person, device].join('\n');
    const known = this.#seats.get(id);
    if (known) return known;
    this.#makeRoom(person);
    const session = new RelaySession({
      ...this.#options,
      caller,
      url: `${url.origin}${url.pathname}`,
      ...(isShared ? { notice: SHARED_NOTICE } : {}),
    });
    const made = new McpSeat({ ...this.#options, session });
    this.#seats.set(id, made);
    this.#persons.set(id, person);
    return made;
  }

  #makeRoom(person: number): void {
    if (mayCome(person, this.#persons, PLACES)) return;
    const idle = [...this.#seats].find(([id, seat]) => seat.isIdle && mayCome(person, this.#without(id), PLACES));
    if (!idle)
      throw new RelayError(
        'too_many_connections',
        'Too many names use /mcp at the moment, of you or of everybody; try again in a minute.',
      );
    const [id, seat] = idle;
    this.#seats.delete(id);
    this.#persons.delete(id);
    seat.close().catch((error) => this.#options.log.debug({ error }, 'a seat at /mcp was not closed'));
  }

  #without(id: string): ReadonlyMap<string, number> {
    const others = new Map(this.#persons);
    others.delete(id);
    return others;
  }
}

/** Not at the relay's start: the protocol is a third of all that it would load there. */
export const loadProtocol = later(async () => ({
  ...(await import('./mcp-seat.ts')),
  ...(await import('./relay-session.ts')),
}));

/** The request again, with the body that we have read and counted. */
function rebuilt({ method, url, headers, signal }: Request, body: string): Request {
  return new Request(url, { method, headers, signal, ...(body === '' ? {} : { body }) });
}
