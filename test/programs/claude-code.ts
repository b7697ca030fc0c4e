/** Claude Code, its first-run questions answered. */
import type { Machine, Started } from '../support/cli.ts';
import { Agent, type AgentOptions } from './agent.ts';
import type { Model } from './model/model.ts';
import type { Terminal } from './terminal.ts';

const KEY = `sk-ant-scripted-${'0'.repeat(40)}`;

export interface ClaudeCodeOptions extends AgentOptions {
  readonly permissionMode?: 'default' | 'acceptEdits' | 'plan' | 'bypassPermissions';
  /** Goes into the user's settings.json: hooks, and whatever else a test wants. */
  readonly settings?: object;
  /** Instead of our session process; `{}` for none. */
  readonly servers?: Readonly<Record<string, object>>;
}

export class ClaudeCode extends Agent<ClaudeCodeOptions> {
  constructor(machine: Machine, model: Model, options: ClaudeCodeOptions) {
    super('claude-code', machine, model, options);
    this.put('.claude.json', {
      hasCompletedOnboarding: true,
      numStartups: 5,
      theme: 'dark',
      bypassPermissionsModeAccepted: true,
      customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
      projects: { [this.cwd]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } },
      mcpServers: options.servers ?? { relay: { type: 'stdio', command: 'claude-relay', args: ['mcp'], env: {} } },
    });
    this.put('.claude/settings.json', { permissions: { allow: ['mcp__relay__*'] }, ...options.settings });
  }

  headless(prompt: string, ...args: readonly string[]): Started {
    return this.run(...this.#args, '-p', prompt, '--output-format', 'stream-json', '--verbose', ...args);
  }

  async interactive(...args: readonly string[]): Promise<Terminal> {
    const terminal = this.terminal(...this.#args, ...args);
    await terminal.shows(/^❯\s*$/m);
    return terminal;
  }

  /** JSON lines, a file for each conversation. */
  get transcripts(): string[] {
    return this.find('.claude/projects', /^[^/]+\/[^/]+\.jsonl$/);
  }

  protected get env(): Record<string, string> {
    return {
      ANTHROPIC_BASE_URL: this.model.url,
      ANTHROPIC_API_KEY: KEY,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_ERROR_REPORTING: '1',
      DISABLE_AUTOUPDATER: '1',
      // As root it skips permissions only where nothing can be broken, and it is told so by this.
      IS_SANDBOX: '1',
      CLAUDE_RELAY_SESSION_ID: this.options.name,
    };
  }

  get #args(): readonly string[] {
    const { permissionMode = 'default', args = [] } = this.options;
    return ['--permission-mode', permissionMode, ...args];
  }
}
