/** What all agent programs have in common here: a home of their own, a working directory, their model, a terminal. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';
import { afterEveryTest } from '../support/cleanup.ts';
import type { Machine, Started } from '../support/cli.ts';
import type { Model } from './model/model.ts';
import { call } from './model/reply.ts';
import { toolBytes } from './model/view.ts';
import { endProcesses } from './processes.ts';
import { type ProgramName, program } from './program.ts';
import { Terminal } from './terminal.ts';

export interface AgentOptions {
  /** Of this session on the relay, and of its terminal. */
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

// On a busy machine some of them take half a minute to start.
vi.setConfig({ testTimeout: 240_000 });

const machines = new Set<Machine>();

export abstract class Agent<Options extends AgentOptions = AgentOptions> {
  readonly program: ProgramName;
  /** Whose home it runs in. Several agents may share one, as they do on a person's machine. */
  readonly machine: Machine;
  readonly model: Model;
  readonly options: Options;
  readonly cwd: string;

  constructor(name: ProgramName, machine: Machine, model: Model, options: Options) {
    this.program = name;
    this.machine = machine;
    this.model = model;
    this.options = options;
    this.cwd = join(machine.user, 'project');
    mkdirSync(this.cwd, { recursive: true });
    machines.add(machine);
  }

  /** One prompt, to the end. `args` are the program's own. */
  abstract headless(prompt: string, ...args: readonly string[]): Started;

  /** In a terminal; resolves when it takes input. */
  abstract interactive(...args: readonly string[]): Promise<Terminal>;

  /** The files that its conversations are kept in. */
  abstract get transcripts(): readonly string[];

  /** Besides what every program on the machine has. */
  protected abstract get env(): Readonly<Record<string, string>>;

  /** When it is shown such a text, its model calls that tool of ours: in the way in which this program offers it. */
  willCall(when: RegExp, tool: string, input: object): void {
    this.model.on(when, call(new RegExp(`${tool}$`), input));
  }

  /** Asks until our tools are on offer: a session in a terminal takes prompts before its MCP servers have answered. */
  async seesTools(terminal: Terminal): Promise<void> {
    for (let round = 1; ; round += 1) {
      await terminal.type(`Ready ${round}`);
      const turn = await this.model.saw(new RegExp(`Ready ${round}$`, 'm'));
      if (toolBytes(turn) > 0) return;
    }
  }

  /** Any of its commands, with nothing on stdin. */
  run(...args: readonly string[]): Started {
    const [command = '', ...first] = program(this.program).command;
    return this.machine.spawn(command, [...first, ...args], { env: this.#variables, cwd: this.cwd, input: '' });
  }

  protected terminal(...args: readonly string[]): Terminal {
    const env = { ...this.machine.env, ...this.#variables };
    const command = [...program(this.program).command, ...args];
    return new Terminal(this.machine, this.options.name, command, { env, cwd: this.cwd });
  }

  /** Files below a folder of its home whose path there fits; none when there is no such folder. */
  protected find(folder: string, path: RegExp): string[] {
    const full = join(this.machine.user, folder);
    if (!existsSync(full)) return [];
    const all = readdirSync(full, { recursive: true, encoding: 'utf8' });
    return all.filter((each) => path.test(each)).map((each) => join(full, each));
  }

  /** A file in its home; what is no text becomes JSON. */
  protected put(path: string, content: object | string): void {
    const file = join(this.machine.user, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }

  get #variables(): Record<string, string> {
    return { ...this.model.proxy, ...this.env, ...this.options.env };
  }
}

// Programs leave others behind: daemons, servers. Before their home is removed.
afterEveryTest(async () => {
  for (const machine of machines) await endProcesses(machine);
  machines.clear();
});
