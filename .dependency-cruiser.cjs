/**
 * The arrows of ARCHITECTURE.md, section 4. `npm run check` and `test/architecture.test.ts` run them; the test plants
 * wrong imports and sees each of them caught.
 */

/** What each folder of `src` may import, besides itself. What is not listed here may not be imported by anything. */
const ARROWS = {
  util: [],
  protocol: ['util'],
  state: ['util', 'protocol'],
  journal: ['util', 'protocol', 'state'],
  // What is done with the data as a whole: copied, checked, written out, put back.
  data: ['util', 'protocol', 'state', 'journal'],
  relay: ['util', 'protocol', 'state', 'journal'],
  transports: ['util', 'protocol', 'relay'],
  // The same MCP server over HTTP as over stdio.
  http: ['util', 'protocol', 'state', 'journal', 'data', 'relay', 'delivery', 'mcp'],
  config: ['util', 'protocol'],
  // What must not leave the machine: looked for before a send, taken out of logs.
  secrets: [],
  client: ['util', 'protocol', 'config', 'secrets'],
  agents: ['util', 'protocol', 'config'],
  // Inbox to door: beside the agent program, in its session process.
  delivery: ['util', 'protocol', 'config', 'agents'],
  // What touches an agent program runs beside it, in its session.
  mcp: ['util', 'protocol', 'config', 'secrets', 'client', 'agents', 'delivery'],
  hooks: ['util', 'config'],
  // Inside an agent program, or beside it: no part of the session process but what both know of a program.
  plugins: ['util', 'config', 'agents'],
  service: ['util', 'config'],
  // Puts a relay together from all of its parts; `cli` loads it when it is asked for one.
  serve: ['util', 'protocol', 'state', 'journal', 'data', 'relay', 'transports', 'http', 'config', 'secrets', 'mcp'],
  // Goes on with sessions that have ended, from a process of its own.
  resume: ['util', 'protocol', 'config', 'agents'],
  cli: ['util', 'protocol', 'config', 'client', 'service', 'agents', 'hooks', 'mcp', 'resume', 'data'],
};

/** Modules of Node that reach outside the process, or wait, or answer differently each time. */
const OUTSIDE =
  '^(node:)?(fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster|os|process|timers|perf_hooks|readline|stream)(/|$)';

const arrows = Object.entries(ARROWS).map(([folder, allowed]) => ({
  name: `arrow-${folder}`,
  comment: `${folder} may import ${allowed.join(', ') || 'nothing else of ours'}.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: `^src/(${[folder, ...allowed].join('|')})/`,
    // The command line starts whatever it is asked for, but loads it only then.
    ...(folder === 'cli' && { dependencyTypesNot: ['dynamic-import'] }),
  },
}));

/** A folder whose arrows nobody wrote down would be free of them. */
const unknownFolder = {
  name: 'unknown-folder',
  comment: 'Every folder of src has its arrows in .dependency-cruiser.cjs; add this one.',
  severity: 'error',
  from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(ARROWS).join('|')})/` },
  to: {},
};

const promises = [
  {
    name: 'relay-apart-from-client',
    comment: 'The relay and the client meet over the wire only.',
    from: { path: '^src/relay/' },
    to: { path: '^src/client/', reachable: true },
  },
  {
    name: 'client-apart-from-relay',
    comment: 'The relay and the client meet over the wire only.',
    from: { path: '^src/(client|agents|delivery|mcp)/' },
    to: { path: '^src/(relay|http|transports|journal|state|data)/', reachable: true },
  },
  {
    name: 'protocol-runs-in-a-browser',
    comment: 'The protocol, and all that it reaches, has no modules of Node.',
    from: { path: '^src/protocol/' },
    to: { path: '^node:|^(fs|net|crypto|path|os|buffer|stream|events|util|url|process)$', reachable: true },
  },
  {
    name: 'state-is-deterministic',
    comment: 'The state has no clock and no chance: times and ids travel in the command.',
    from: { path: '^src/state/' },
    to: { path: '^src/util/(clock|random)[.]ts$', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'state-touches-nothing',
    comment: 'The state opens no file, socket or timer; it is given its database.',
    from: { path: '^src/state/' },
    to: { path: OUTSIDE },
  },
  {
    name: 'one-database-driver',
    comment: 'Only src/journal/driver.ts chooses between the SQLite drivers.',
    from: { path: '^src/', pathNot: '^src/journal/driver[.]ts$' },
    to: { path: '^node:sqlite$|node_modules/@photostructure/sqlite', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'no-circle',
    comment: 'Modules that need each other are one module, or three.',
    from: { path: '^src/' },
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'resolves',
    comment: 'What is imported is there.',
    from: { path: '^src/' },
    to: { couldNotResolve: true, pathNot: '^node:' },
  },
  {
    name: 'not-from-outside',
    comment: 'What is shipped imports no test, script or bench.',
    from: { path: '^src/' },
    to: { path: '^(test|scripts|bench|examples)/' },
  },
].map((rule) => ({ severity: 'error', ...rule }));

module.exports = {
  forbidden: [...arrows, unknownFolder, ...promises],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Also imports of types only: an arrow is about what must be known, not only about what is loaded.
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
