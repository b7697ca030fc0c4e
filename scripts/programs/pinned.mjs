/**
 * The agent programs that the tests drive, at the versions that they were last seen to work with: an update is one
 * line. What is started lies below `node_modules` of the installation, since the scripts that would put it elsewhere do
 * not run.
 */
import { join } from 'node:path';

/**
 * @typedef {object} Pinned
 * @property {string} package
 * @property {string} version
 * @property {string} file `{arch}` as Node says it, `{cpu}` as compilers do
 * @property {boolean} [node] a script, which wants a newer Node than ours
 */

/** @type {Readonly<Record<string, Pinned>>} */
export const PINNED = {
  'claude-code': {
    package: '@anthropic-ai/claude-code',
    version: '2.1.330',
    file: '@anthropic-ai/claude-code-linux-{arch}/claude',
  },
  codex: {
    package: '@openai/codex',
    version: '0.169.0',
    file: '@openai/codex-linux-{arch}/vendor/{cpu}-unknown-linux-musl/bin/codex',
  },
  opencode: { package: 'opencode-ai', version: '1.18.33', file: 'opencode-linux-{arch}/bin/opencode' },
  copilot: { package: '@github/copilot', version: '1.0.102', file: '@github/copilot-linux-{arch}/copilot' },
  gemini: { package: '@google/gemini-cli', version: '0.61.0', file: '@google/gemini-cli/bundle/gemini.js', node: true },
};

/** @type {Readonly<Record<string, string>>} */
const CPU = { x64: 'x86_64', arm64: 'aarch64' };

/**
 * Where the file to start is, in an installation.
 * @param {string} dir @param {Pinned} program @param {string} arch as `process.arch`
 */
export function startFile(dir, { file }, arch = process.arch) {
  return join(dir, 'node_modules', file.replace('{arch}', arch).replace('{cpu}', CPU[arch] ?? arch));
}
