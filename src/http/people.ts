/**
 * Who may come, over HTTP. Nothing of it is a verb: no session acts, and no model reaches it.
 *
 *     POST /challenge, /join                  anybody: a nonce; a device by an invitation
 *     POST /admin/<task>                      who may administer: invite, people, devices, token, grant, revoke, rotate-token
 *     POST /device/rekey                      a device, for itself
 */
import { type Context, Hono } from 'hono';
import { LIMITS } from '../protocol/limits.ts';
import { PEOPLE, type PeopleArgs, type PeopleTask } from '../protocol/people.ts';
import type { Identity } from '../relay/identity.ts';
import type { Log } from '../relay/log.ts';
import type { People } from '../relay/people.ts';
import { answerError, identityOf, parseArgs } from './api.ts';
import type { Bindings } from './app.ts';
import { readBody } from './body.ts';
import { type Guard, TIRED } from './guard.ts';

interface PeopleRoutesOptions {
  readonly people: Pick<People, 'tasks'>;
  readonly log: Log;
}

const ADMIN = ['invite', 'people', 'devices', 'token', 'grant', 'revoke', 'rotate-token'] as const;

/** Who has shown no credential yet. */
const NOBODY: Identity = { person: 0 };

type Routes = Hono<{ Bindings: Bindings }>;

export function strangerRoutes(options: PeopleRoutesOptions & { guard: Pick<Guard, 'failed' | 'addressOf'> }): Routes {
  const { guard } = options;
  const routes: Routes = new Hono();
  routes.post('/challenge', (context) => answer('challenge', context, options));
  routes.post('/join', async (context) => {
    const response = await answer('join', context, options);
    // The right one always works: everybody behind a forward has the same address.
    if (response.ok || !guard.failed(guard.addressOf(context.env.incoming))) return response;
    return answerError(context, TIRED, options.log);
  });
  return routes;
}

export function peopleRoutes(options: PeopleRoutesOptions): Routes {
  const routes: Routes = new Hono();
  for (const task of ADMIN) routes.post(`/${task}`, (context) => answer(task, context, options));
  return routes;
}

export function deviceRoutes(options: PeopleRoutesOptions): Routes {
  const routes: Routes = new Hono();
  routes.post('/rekey', (context) => answer('rekey', context, options));
  return routes;
}

const isForStrangers = (task: PeopleTask): boolean => task === 'challenge' || task === 'join';

async function answer<T extends PeopleTask>(
  task: T,
  context: Context<{ Bindings: Bindings }>,
  { people, log }: PeopleRoutesOptions,
): Promise<Response> {
  try {
    const body = parseArgs(await readBody(context.req.raw, LIMITS.helloBytes));
    // Each task's shape reads that task's arguments: the table in `protocol/people.ts` is the proof of this cast.
    const args = PEOPLE[task].read(body, '') as PeopleArgs<T>;
    const identity = isForStrangers(task) ? NOBODY : identityOf(context);
    return context.json(await people.tasks[task](args, identity));
  } catch (thrown) {
    return answerError(context, thrown, log);
  }
}
