/** Codex, with the scripted model as its only provider. */
import type { Machine, Started } from '../support/cli.ts';
import { Agent, type AgentOptions } from './agent.ts';
import type { Model } from './model/model.ts';
import { code, search } from './model/reply.ts';
import type { Terminal } from './terminal.ts';

/** It shows tools in three ways, by what it knows of a model: all at once, behind a search, or to a program that the model writes. */
const MODELS = { inline: 'scripted', search: 'gpt-5.5', code: 'gpt-6.1-sol' } as const;

export interface CodexOptions extends AgentOptions {
  readonly tools?: keyof typeof MODELS;
  /** For hooks.json. In a terminal they are trusted when it asks; `headless` needs a flag for that. */
  readonly hooks?: object;
  readonly trustsHooks?: boolean;
  readonly approval?: 'never' | 'on-request' | 'untrusted';
  readonly sandbox?: 'read-only' | 'workspace-write' | 'danger-full-access';
  /** Tables of MCP servers for config.toml, instead of our session process. */
  readonly servers?: string;
  /** More lines for the top of config.toml. */
  readonly config?: string;
}

export class Codex extends Agent<CodexOptions> {
  constructor(machine: Machine, model: Model, options: CodexOptions) {
    super('codex', machine, model, options);
    this.put('.codex/config.toml', this.#config());
    if (options.hooks) this.put('.codex/hooks.json', { hooks: options.hooks });
  }

  headless(prompt: string, ...args: readonly string[]): Started {
    return this.run('exec', '--json', '--skip-git-repo-check', ...(this.options.args ?? []), ...args, prompt);
  }

  async interactive(...args: readonly string[]): Promise<Terminal> {
    const terminal = this.terminal(...(this.options.args ?? []), ...args);
    if (this.options.hooks) await this.#answerAboutHooks(terminal);
    // While it loads it shows a line to type in, but loses some of what is typed.
    await terminal.shows(/^ +\S.* · ~\/project/m);
    return terminal;
  }

  /** Before anything else it wants to know whether new hooks may run: `1. Review`, `2. Trust all`, `3. Continue without`. */
  async #answerAboutHooks(terminal: Terminal): Promise<void> {
    await terminal.shows(/Hooks need review/);
    terminal.press(this.options.trustsHooks === false ? '3' : '2');
    terminal.press('Enter');
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
    return this.find('.codex/sessions', /(^|\/)rollout-.*\.jsonl$/);
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
