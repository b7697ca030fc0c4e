/** The session process and the program are killed while mail is under way, again and again: nothing is lost, nothing is shown twice unmarked. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { idsIn, machine, until } from '../support/cli.ts';
import { lineOf } from './arrival.ts';
import { ClaudeCode } from './claude-code.ts';
import { evidence } from './evidence.ts';
import { fact } from './facts.ts';
import { type Model, scriptedModel } from './model/model.ts';
import type { ModelRequest } from './model/request.ts';
import { killProcess, sessionProcesses } from './processes.ts';
import { needsPrograms } from './program.ts';

needsPrograms('claude-code');

/** `npm run test:programs -- --kills 200` for more. */
const KILLS = Number(process.env['RELAY_TEST_KILLS'] ?? 12);
const MS_EACH = 15_000;
/** A kill comes so long after the first message of its round, at most. Milliseconds. */
const SPREAD = 1_500;

it(
  `${KILLS} kills of Claude Code and of its session process lose nothing and repeat nothing unmarked`,
  async () => {
    const here = machine();
    await here.relay();
    const peer = await here.session('PEER');
    await peer.connected();
    const model = await scriptedModel('claude-code');
    const agent = new ClaudeCode(here, model, { name: 'CC-1', servers: {} });
    await here.ok(['install', 'claude-code', '--allow-tools']);
    const ledger = new Shown(model, () => agent.transcripts);

    let terminal = await agent.interactive();
    await agent.seesTools(terminal);
    const send = async (text: string) => {
      const [id = ''] = idsIn(await peer.call('relay_send', { to: 'CC-1', message: text }));
      ledger.sent.set(id, text);
    };
    let killed = { program: 0, session: 0 };
    for (let round = 1; killed.program + killed.session < KILLS; round += 1) {
      await send(`Round ${round}, first.`);
      await sleep(systemClock, Math.random() * SPREAD);
      await send(`Round ${round}, second.`);
      await sleep(systemClock, Math.random() * SPREAD);
      const [session] = sessionProcesses(here).filter(({ env }) => env['CLAUDE_RELAY_SESSION_ID'] === 'CC-1');
      if (Math.random() < 0.5 && session) {
        await killProcess(session.pid);
        killed = { ...killed, session: killed.session + 1 };
        await send(`Round ${round}, to nobody.`);
        await sleep(systemClock, (Math.random() * SPREAD) / 2);
      }
      terminal.kill();
      await terminal.ended();
      killed = { ...killed, program: killed.program + 1 };
      ledger.killed();
      terminal.close();
      terminal = await agent.interactive('--continue');
    }
    evidence('never shown', () => ledger.missing().join('\n'));
    await until(
      () => ledger.missing(),
      (missing) => missing.length === 0,
    );
    expect(ledger.unmarked()).toEqual([]);
    fact('claude', 'killed: program, session process', `${killed.program}, ${killed.session}`);
    fact('claude', 'messages sent, shown again and marked', `${ledger.sent.size}, ${ledger.marked()}`);
  },
  60_000 + KILLS * MS_EACH,
);

/** What the model was shown of each message, in all of the program's lives. */
class Shown {
  readonly sent = new Map<string, string>();
  readonly #model: Model;
  readonly #transcripts: () => readonly string[];
  /** Shown to the model and not kept by the program: from that request on it is another showing. */
  readonly #forgotten = new Map<string, number>();

  constructor(model: Model, transcripts: () => readonly string[]) {
    this.#model = model;
    this.#transcripts = transcripts;
  }

  killed(): void {
    const kept = this.#transcripts()
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    const { turns } = this.#model;
    for (const id of this.sent.keys())
      if (!this.#forgotten.has(id) && turns.some(({ raw }) => raw.includes(id)) && !kept.includes(id))
        this.#forgotten.set(id, turns.length);
  }

  missing(): string[] {
    return [...this.sent.values()].filter((text) => this.#model.sightings(lineOf(text)).length === 0);
  }

  /** Those that one conversation holds twice without a mark, or that came again without one after they were forgotten. */
  unmarked(): string[] {
    const { turns } = this.#model;
    return [...this.sent.keys()].filter((id) =>
      turns.some((request, at) => {
        const count = headers(request, id).filter((header) => !header.includes('redelivered')).length;
        return count > (at >= (this.#forgotten.get(id) ?? turns.length) ? 0 : 1);
      }),
    );
  }

  marked(): number {
    const { turns } = this.#model;
    const isMarked = (id: string) =>
      turns.some((each) => headers(each, id).some((head) => head.includes('redelivered')));
    return [...this.sent.keys()].filter(isMarked).length;
  }
}

/** The tags above its body in all that the request shows. */
function headers({ raw }: ModelRequest, id: string): string[] {
  return raw.match(new RegExp(`<message-\\w{5} [^>]*\\bid=${id}\\b[^>]*>`, 'g')) ?? [];
}
