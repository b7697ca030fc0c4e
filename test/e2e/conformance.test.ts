/**
 * The MCP conformance suite against `/mcp`: real sockets, our guard, our handler, fixtures for what our server has none of.
 * A proxy adds the token, which the suite cannot send, and passes Host and Origin as they are.
 *
 * Every scenario that the suite has for a revision is listed here: it passes, or there is a reason why it does not apply.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { addingProxy } from '../support/adding-proxy.ts';
import { addFixtures } from '../support/conformance-fixtures.ts';
import { liveRelay } from '../support/live-relay.ts';
import { tools } from '../support/tools24.ts';

const ASKS = 'asks the client for something in the middle of a call; no tool of ours ever does';
const STATELESS = 'needs a session kept by the server; /mcp keeps none, as the protocol now has it';
const TASKS = 'is about the tasks extension, which we do not offer';
const HEADERS = 'is about tools that map arguments to headers; ours do not';

interface Revision {
  readonly revision: string;
  readonly passes: readonly string[];
  readonly notOurs: Readonly<Record<string, string>>;
}

const BOTH = [
  'completion-complete',
  'dns-rebinding-protection',
  'json-schema-2020-12',
  'prompts-get-embedded-resource',
  'prompts-get-simple',
  'prompts-get-with-args',
  'prompts-get-with-image',
  'prompts-list',
  'resources-list',
  'resources-read-binary',
  'resources-read-text',
  'resources-templates-read',
  'tools-call-audio',
  'tools-call-embedded-resource',
  'tools-call-error',
  'tools-call-image',
  'tools-call-mixed-content',
  'tools-call-simple-text',
  'tools-call-with-progress',
  'tools-list',
];

const REVISIONS: readonly Revision[] = [
  {
    revision: '2025-11-25',
    passes: [
      ...BOTH,
      'logging-set-level',
      'ping',
      'resources-subscribe',
      'resources-unsubscribe',
      'server-initialize',
      'tools-call-with-logging',
    ],
    notOurs: {
      'elicitation-sep1034-defaults': ASKS,
      'elicitation-sep1330-enums': ASKS,
      'tools-call-elicitation': ASKS,
      'tools-call-sampling': ASKS,
      'server-session-lifecycle': STATELESS,
      'server-sse-multiple-streams': STATELESS,
      'server-sse-polling': STATELESS,
    },
  },
  {
    revision: '2026-07-28',
    passes: [
      ...BOTH,
      'caching',
      'http-header-validation',
      'input-required-result-ignore-extra-params',
      'input-required-result-missing-input-response',
      'input-required-result-unsupported-methods',
      'input-required-result-validate-input',
      'sep-2164-resource-not-found',
      'server-sse-multiple-streams',
      'server-stateless',
    ],
    notOurs: {
      'http-custom-header-server-validation': HEADERS,
      'input-required-result-basic-elicitation': ASKS,
      'input-required-result-basic-list-roots': ASKS,
      'input-required-result-basic-sampling': ASKS,
      'input-required-result-capability-check': ASKS,
      'input-required-result-multi-round': ASKS,
      'input-required-result-multiple-input-requests': ASKS,
      'input-required-result-non-tool-request': ASKS,
      'input-required-result-request-state': ASKS,
      'input-required-result-result-type': ASKS,
      'input-required-result-tampered-state': ASKS,
      'tasks-capability-negotiation': TASKS,
      'tasks-dispatch-and-envelope': TASKS,
      'tasks-lifecycle': TASKS,
      'tasks-mrtr-composition': TASKS,
      'tasks-mrtr-input': TASKS,
      'tasks-request-headers': TASKS,
      'tasks-request-state-removal': TASKS,
      'tasks-required-task-error': TASKS,
      'tasks-status-notifications': TASKS,
      'tasks-wire-fields': TASKS,
    },
  },
];

interface Counted {
  readonly passed: number;
  readonly failed: number;
}

/** What the suite says at its end: `✓ ping: 2 passed, 0 failed`. */
function readSummary(output: string): Map<string, Counted> {
  const lines = output.slice(output.indexOf('=== SUMMARY ===')).matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gm);
  return new Map(
    [...lines].map(([, name = '', passed, failed]) => [name, { passed: Number(passed), failed: Number(failed) }]),
  );
}

async function runSuite(node: string, script: string, revision: string): Promise<string> {
  const proxy = await addingProxy();
  const hosts = ['localhost', '127.0.0.1'].map((host) => `${host}:${proxy.port}`);
  const relay = await liveRelay({ extendMcp: addFixtures, allowHosts: hosts, legacy: false });
  proxy.passTo(relay.port, { authorization: `Bearer ${relay.token}` });
  const results = mkdtempSync(join(tmpdir(), 'relay-conformance-'));
  const url = `http://localhost:${proxy.port}/mcp?as=CONFORMANCE`;
  const args = [script, 'server', '--url', url, '--requirements', revision, '-o', results];
  const child = spawn(node, args, { cwd: results, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  await new Promise((resolve) => child.on('close', resolve));
  await relay.stop();
  await proxy.stop();
  rmSync(results, { recursive: true, force: true });
  return output;
}

describe.skipIf(!tools).each(REVISIONS)('the conformance suite for $revision', ({ revision, passes, notOurs }) => {
  let output = '';
  let summary = new Map<string, Counted>();
  beforeAll(async () => {
    if (!tools) return;
    output = await runSuite(tools.node, tools.file('@modelcontextprotocol/conformance/dist/index.js'), revision);
    summary = readSummary(output);
  }, 180_000);

  it.each(passes)('passes %s', (scenario) => {
    const { passed, failed } = summary.get(scenario) ?? { passed: 0, failed: 0 };
    expect(failed, output).toBe(0);
    expect(passed, output).toBeGreaterThan(0);
  });

  it('has no scenario that is not listed here, with its reason where it does not apply', () => {
    expect([...summary.keys()].sort()).toEqual([...passes, ...Object.keys(notOurs)].sort());
  });
});
