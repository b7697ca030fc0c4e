/** Writes down which conversation this session is, for the day when it is not running and is written to. */
import { hostname } from 'node:os';
import type { AgentProgram, Place } from '../agents/program.ts';
import { runningFile } from '../agents/resume.ts';
import { isConversationId, writeConversation } from '../config/conversations.ts';

export interface KeepOptions {
  readonly place: Place;
  /** The state directory; it is there. */
  readonly home: string;
  /** The session was started with `--resume`. */
  readonly isResumable: boolean;
}

export class Keep {
  readonly #options: KeepOptions;
  #kept = '';

  constructor(options: KeepOptions) {
    this.#options = options;
  }

  /** Cheap when nothing has changed. Best effort: without it the session is not woken once it has ended. */
  keep(program: AgentProgram | undefined, id: string | undefined, name: string | undefined): void {
    if (!program?.resume || id === undefined || name === undefined || !isConversationId(id)) return;
    if (this.#kept === `${name} ${id}`) return;
    this.#kept = `${name} ${id}`;
    const { place, home, isResumable } = this.#options;
    const { variables } = program.resume;
    const executable = runningFile(program.resume, place.parent);
    try {
      writeConversation(home, {
        name,
        program: program.id,
        id,
        cwd: place.cwd,
        host: hostname(),
        ...(executable === undefined ? {} : { executable }),
        variables: Object.fromEntries(variables.flatMap((each) => (place.env[each] ? [[each, place.env[each]]] : []))),
        isAllowed: isResumable,
        at: place.clock.now(),
      });
    } catch (error) {
      place.log(`this conversation is not written down: ${error}`);
    }
  }
}
