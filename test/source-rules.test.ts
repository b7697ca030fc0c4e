import { describe, expect, it } from 'vitest';
import { ROOT } from '../scripts/ensure.mjs';
import { breaches, breachesUnder, RULES, sources } from './support/source-rules.ts';

describe('the source', () => {
  // Parses all of src: a second or two, and several beside other tests.
  it('keeps every rule', { timeout: 120_000 }, () => {
    expect(sources(ROOT, 'src').length).toBeGreaterThan(100);
    expect(breachesUnder(ROOT, 'src')).toEqual([]);
  });
});

const broken: readonly [rule: string, path: string, code: string][] = [
  ['no-shell', 'src/agents/a.ts', "import { exec } from 'node:child_process';"],
  ['no-shell', 'src/agents/a.ts', "import { execSync as run } from 'child_process';"],
  ['no-shell', 'src/agents/a.ts', "import * as processes from 'node:child_process';"],
  ['no-shell', 'src/agents/a.ts', "import processes from 'node:child_process';"],
  ['no-shell', 'src/agents/a.ts', "exec('ls');"],
  ['no-shell', 'src/agents/a.ts', "spawn('ls', [], { shell: true });"],
  ['no-shell', 'src/agents/a.ts', "spawn('ls', [], { 'shell': true });"],
  ['no-shell', 'src/agents/a.ts', "spawn('ls', [], { shell });"],
  ['arguments-in-a-list', 'src/agents/a.ts', "spawn('ls -l');"],
  ['arguments-in-a-list', 'src/agents/a.ts', "execFile('ls', done);"],
  ['arguments-in-a-list', 'src/agents/a.ts', "execFileSync('ls', { encoding: 'utf8' });"],
  ['safe-where-it-leaves', 'src/hook.ts', 'process.stdout.write(message.body);'],
  ['safe-where-it-leaves', 'src/serve.ts', `process.stderr.write(\`x \${error.message}\`);`],
  ['safe-where-it-leaves', 'src/mcp/main.ts', `process.stderr.write(\`\${safeText(a)} \${b}\`);`],
  ['streams-in-few-hands', 'src/delivery/a.ts', 'const stream = process.stderr;'],
  ['streams-in-few-hands', 'src/cli/commands/a.ts', 'const { stdout } = process;'],
  ['streams-in-few-hands', 'src/cli/commands/a.ts', 'writeSync(1, message.body);'],
  ['streams-in-few-hands', 'src/relay/a.ts', 'fs.appendFileSync(2, message.body);'],
  ['raw-is-ours', 'src/cli/commands/a.ts', 'ctx.out.raw(message.body);'],
  ['no-code-from-text', 'src/util/a.ts', "eval('1');"],
  ['no-code-from-text', 'src/util/a.ts', "new Function('return 1');"],
  ['no-console', 'src/mcp/a.ts', "console.log('hello');"],
  ['no-console', 'src/relay/a.ts', 'const { log } = console;'],
  ['state-asks-nothing', 'src/state/a.ts', 'const at = new Date(5);'],
  ['state-asks-nothing', 'src/state/a.ts', "const home = process.env['HOME'];"],
  ['state-asks-nothing', 'src/state/a.ts', 'const id = crypto.randomUUID();'],
  ['state-asks-nothing', 'src/state/a.ts', 'const n = Math.random();'],
  ['browser-can-run-it', 'src/protocol/a.ts', "Buffer.from('x');"],
  ['browser-can-run-it', 'src/protocol/a.ts', 'const at = process.hrtime();'],
  ['time-from-clock', 'src/relay/a.ts', 'const now = Date.now();'],
  ['time-from-clock', 'src/relay/a.ts', 'const now = new Date();'],
  ['time-from-clock', 'src/relay/a.ts', 'setTimeout(() => 1, 5);'],
  ['time-from-clock', 'src/relay/a.ts', 'const later = { setTimeout };'],
  ['time-from-clock', 'src/relay/a.ts', 'const at = performance.now();'],
  ['chance-from-random', 'src/client/a.ts', 'const n = Math.random();'],
  ['chance-from-random', 'src/client/a.ts', 'const id = crypto.randomUUID();'],
];

const kept: readonly [why: string, path: string, code: string][] = [
  ['a regular expression', 'src/protocol/a.ts', 'const found = /a/.exec(text);'],
  ['a database', 'src/state/a.ts', "database.exec('BEGIN');"],
  ['a list of arguments', 'src/agents/a.ts', "import { execFile, spawn } from 'node:child_process';"],
  [
    'arguments that were given as a list',
    'src/agents/a.ts',
    "spawn(program, [...args], { cwd }); execFileSync('ps', args);",
  ],
  ['what was made safe', 'src/serve.ts', `process.stderr.write(\`\${safeText(line)}\`); process.stdout.write(HELP);`],
  ['another stream', 'src/hooks/a.ts', 'socket.write(line); out.line(text); writeSync(file, text);'],
  ['no shell', 'src/agents/a.ts', "spawn('ls', [], { shell: false });"],
  ['a comment', 'src/state/a.ts', "// exec('ls'), console.log, Date.now()\nexport {};"],
  ['a string', 'src/state/a.ts', "const text = 'Date.now() console.log';"],
  ['output of the command line', 'src/cli/a.ts', "console.log('hello');"],
  ['a time that was given', 'src/mcp/a.ts', 'const text = new Date(at).toISOString();'],
  ['the clock itself', 'src/util/clock.ts', 'const now = Date.now();'],
  ['the dice themselves', 'src/util/random.ts', 'const n = Math.random();'],
  ['a property of that name', 'src/state/a.ts', 'const session = row.process;'],
  ['a key of that name', 'src/state/a.ts', 'const row = { process: 1, Date: 2 };'],
  ['a parameter of that name', 'src/mcp/a.ts', 'function f(performance: number) { return performance + 1; }'],
  ['a destructured one', 'src/state/a.ts', 'function f({ process }: Row) { return process; }'],
  ['a variable of that name', 'src/state/a.ts', 'const crypto = given(); crypto.subtle;'],
  ['a type of that name', 'src/state/a.ts', 'export function f(at: Date): void {}'],
];

describe('a rule about the source', () => {
  it.each(broken)('%s is broken in %s by `%s`', (rule, path, code) => {
    expect(breaches(path, code).map((line) => line.slice(0, line.indexOf(':')))).toContain(rule);
  });

  it.each(kept)('is kept by %s, in %s: `%s`', (_why, path, code) => {
    expect(breaches(path, code)).toEqual([]);
  });

  it('is shown to be able to fail', () => {
    expect([...new Set(broken.map(([rule]) => rule))].sort()).toEqual(RULES.map(({ name }) => name).sort());
  });

  it('says where it was broken', () => {
    expect(breaches('src/mcp/a.ts', 'const a = 1;\nconsole.log(a,\n  2);')).toEqual([
      'no-console: src/mcp/a.ts:2 console',
    ]);
  });
});
