/**
 * The MCP conformance suite against `/mcp`: real sockets, our guard, our handler, fixtures for what our server has none of.
 * A proxy adds the token, which the suite cannot send, and passes Host and Origin as they are.
 *
 * Every scenario that the suite has for a revision is listed here: it passes, or there is a reason why it does not apply.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { addingProxy } from '../support/adding-proxy.ts';
import { addFixtures } from '../support/conformance-fixtures.ts';
import { liveRelay } from '../support/live-relay.ts';
import { tools } from '../support/tools24.ts';

const PUSHES =
  'has the server push a request in the middle of a call, which needs a session kept by it; /mcp keeps none';
const STATELESS = 'needs a session kept by the server; /mcp keeps none, as the protocol now has it';
const TASKS = 'is about the tasks extension, which we do not offer';
const HEADERS =
  'is about tools that map arguments to headers: ours do not, so our server does not look at such headers';

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
      'elicitation-sep1034-defaults': PUSHES,
      'elicitation-sep1330-enums': PUSHES,
      'tools-call-elicitation': PUSHES,
      'tools-call-sampling': PUSHES,
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
      'input-required-result-basic-elicitation',
      'input-required-result-basic-list-roots',
      'input-required-result-basic-sampling',
      'input-required-result-capability-check',
      'input-required-result-ignore-extra-params',
      'input-required-result-missing-input-response',
      'input-required-result-multi-round',
      'input-required-result-multiple-input-requests',
      'input-required-result-non-tool-request',
      'input-required-result-request-state',
      'input-required-result-result-type',
      'input-required-result-tampered-state',
      'input-required-result-unsupported-methods',
      'input-required-result-validate-input',
      'sep-2164-resource-not-found',
      'server-sse-multiple-streams',
      'server-stateless',
    ],
    notOurs: {
      'http-custom-header-server-validation': HEADERS,
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

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

interface Outcome {
  readonly output: string;
  /** What was checked, by scenario. */
  readonly checks: ReadonlyMap<string, readonly Check[]>;
}

/** The files that the suite leaves, `server-SCENARIO-TIME/checks.json`: its summary does not count warnings. */
function readChecks(results: string): Map<string, readonly Check[]> {
  return new Map(
    readdirSync(results).map((directory) => [
      directory.replace(/^server-(.+)-\d{4}-\d\d-\d\dT.*$/, '$1'),
      JSON.parse(readFileSync(join(results, directory, 'checks.json'), 'utf8')),
    ]),
  );
}

async function runSuite(node: string, script: string, revision: string): Promise<Outcome> {
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
  try {
    return { output, checks: readChecks(results) };
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

describe.skipIf(!tools).each(REVISIONS)('the conformance suite for $revision', ({ revision, passes, notOurs }) => {
  let outcome: Outcome = { output: '', checks: new Map() };
  beforeAll(async () => {
    if (!tools) return;
    outcome = await runSuite(tools.node, tools.file('@modelcontextprotocol/conformance/dist/index.js'), revision);
  }, 180_000);

  it.each(passes)('passes %s', (scenario) => {
    const checks = outcome.checks.get(scenario) ?? [];
    expect(checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')).toEqual([]);
    expect(
      checks.some(({ status }) => status === 'SUCCESS'),
      outcome.output,
    ).toBe(true);
  });

  it('has no scenario that is not listed here, with its reason where it does not apply', () => {
    expect([...outcome.checks.keys()].sort(), outcome.output).toEqual([...passes, ...Object.keys(notOurs)].sort());
  });
});
