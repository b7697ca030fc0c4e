/** Codex, with the scripted model as its only provider. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine, Started } from '../support/cli.ts';
import { Agent, type AgentOptions } from './agent.ts';
import type { Model } from './model/model.ts';
import { code, search } from './model/reply.ts';
import type { Terminal } from './terminal.ts';

/** It shows tools in three ways, by what it knows of a model: all at once, behind a search, or to a program that the model writes. */
const MODELS = { inline: 'scripted', search: 'gpt-5.5', code: 'gpt-6.1-sol' } as const;

export interface CodexOptions extends AgentOptions {
  readonly tools?: keyof typeof MODELS;
  /** For hooks.json. Nobody has trusted them yet. */
  readonly hooks?: object;
  readonly approval?: 'never' | 'on-request' | 'untrusted';
  readonly sandbox?: 'read-only' | 'workspace-write' | 'danger-full-access';
  /** Tables of MCP servers for config.toml, instead of our session process. */
  readonly servers?: string;
  /** More lines for the top of config.toml. */
  readonly config?: string;
}

export class Codex extends Agent<CodexOptions> {
  /** CODEX_HOME, where it is without the variable. */
  readonly home: string;

  constructor(machine: Machine, model: Model, options: CodexOptions) {
    super('codex', machine, model, options);
    this.home = join(machine.user, '.codex');
    this.put('.codex/config.toml', this.#config());
    if (options.hooks) this.put('.codex/hooks.json', { hooks: options.hooks });
  }

  headless(prompt: string, ...args: readonly string[]): Started {
    return this.run('exec', '--json', '--skip-git-repo-check', ...(this.options.args ?? []), ...args, prompt);
  }

  async interactive(...args: readonly string[]): Promise<Terminal> {
    const terminal = this.terminal(...(this.options.args ?? []), ...args);
    // While it loads it shows a line to type in, but loses some of what is typed.
    await terminal.shows(/^ +\S.* · ~\/project/m);
    return terminal;
  }

  override willCall(when: RegExp, tool: string, input: object): void {
    const { tools = 'inline' } = this.options;
    if (tools === 'code') {
      this.model.on(when, code(`text(await tools.mcp__relay__${tool}(${JSON.stringify(input)}));`));
      return;
    }
    if (tools === 'inline') return super.willCall(when, tool, input);
    this.model.on(when, search(tool.replaceAll('_', ' ')));
    super.willCall(new RegExp(tool), tool, input);
  }

  /** JSON lines, a file for each thread: `sessions/2026/11/22/rollout-….jsonl`. */
  get transcripts(): string[] {
    const all = readdirSync(this.home, { recursive: true, encoding: 'utf8' });
    return all.filter((path) => /(^|\/)rollout-.*\.jsonl$/.test(path)).map((path) => join(this.home, path));
  }

  protected get env(): Record<string, string> {
    return { SCRIPTED_KEY: 'scripted' };
  }

  #config(): string {
    const { name, tools = 'inline', approval = 'never', sandbox = 'danger-full-access', config = '' } = this.options;
    const relay = `[mcp_servers.relay]\ncommand = "claude-relay"\nargs = ["mcp", "--client-id", "${name}"]\n`;
    return `model = "${MODELS[tools]}"
model_provider = "scripted"
approval_policy = "${approval}"
sandbox_mode = "${sandbox}"
check_for_update_on_startup = false
${config}

[analytics]
enabled = false

[model_providers.scripted]
name = "scripted"
base_url = "${this.model.url}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
request_max_retries = 0
stream_max_retries = 0
supports_websockets = false

[projects."${this.cwd}"]
trust_level = "trusted"

${this.options.servers ?? relay}`;
  }
}
