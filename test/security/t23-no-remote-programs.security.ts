/** T23: nothing that comes over the wire names a program to run. What is shipped starts programs by argument lists only. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ensure, ROOT } from '../../scripts/ensure.mjs';
import { packageFiles } from '../../src/agents/install/packages.ts';
import { record } from '../faults/support/figures.ts';
import { breachesUnder } from '../support/source-rules.ts';
import { shellStarts } from './support/shell-starts.ts';

ensure();

function shipped(): string[] {
  const files = readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => /\.[cm]js$/.test(file)).map((file) => join(ROOT, 'dist', file));
}

/** Every string in a value of JSON. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

/** All that the protocol has: its verbs, and what they take. */
const WIRE = ['src/protocol/verbs.ts', 'src/protocol/frames.ts', 'src/protocol/envelope.ts', 'src/protocol/session.ts'];

describe('T23: no program', () => {
  it('is started through a shell by what is shipped, nor by its sources', () => {
    const files = shipped();
    expect(files.length).toBeGreaterThan(10);
    const found = files.flatMap((file) => shellStarts(file, readFileSync(file, 'utf8')));
    expect(found).toEqual([]);
    expect(breachesUnder(ROOT, 'src').filter((line) => /^no-(shell|code-from-text)/.test(line))).toEqual([]);
    record('T23', { 'files in dist': files.length, 'shells started': 0 });
  });

  it('but ours is named by the hooks of the packages', () => {
    const files = packageFiles(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
    const hooks = Object.entries(files).filter(([path]) => /hooks\.json$/.test(path));
    expect(hooks.length).toBeGreaterThan(1);
    const commands = hooks.flatMap(([, text]) => texts(JSON.parse(text)).filter((each) => / /.test(each)));
    for (const command of commands) expect(command).toMatch(/claude-relay/);
    for (const command of commands) expect(command).not.toMatch(/\b(curl|wget|eval|base64)\b|https?:|[`;&|<>]|\$\(/);
    record('T23', { 'hook commands': commands.length });
  });

  it('can be named over the wire: no verb, frame or message has a place for it', () => {
    for (const path of WIRE) {
      const file = ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.Latest, true);
      const names: string[] = [];
      const visit = (node: ts.Node): void => {
        if (ts.isPropertySignature(node) || ts.isPropertyAssignment(node)) names.push(node.name.getText());
        ts.forEachChild(node, visit);
      };
      visit(file);
      expect(names.length).toBeGreaterThan(0);
      expect(
        names.filter((name) => /^(command|exec|shell|script|hook|run|env|args_list|executable)$/.test(name)),
      ).toEqual([]);
    }
  });
});

describe('a shell', () => {
  it.each([
    "import { exec } from 'node:child_process'; exec('ls');",
    "import { execSync as e } from 'child_process'; e('ls');",
    "import * as c from 'node:child_process'; c.exec('ls');",
    "const { exec } = process.getBuiltinModule('node:child_process'); exec('ls');",
    "const c = require('child_process'); c.execSync('ls');",
    "require('node:child_process').exec('ls');",
    "let c = require('node:child_process'); (0, c.exec)('ls');",
    "spawn('ls', [], { shell: true });",
    "spawn('ls', [], { shell: !0 });",
    "spawn('ls', [], { shell: '/bin/sh' });",
    "spawn('ls', [], { 'shell': 1 });",
    "eval('1');",
    "new Function('return 1')();",
  ])('is found in %s', (code) => {
    expect(shellStarts('a.mjs', code)).toHaveLength(1);
  });

  it.each([
    '/a/.exec(text);',
    "database.exec('BEGIN');",
    "import { spawn } from 'node:child_process'; spawn('ls', ['-l'], { shell: false });",
    "new Function('');",
    'Function("return this")();',
    'const shell = { shell: undefined };',
    "import { execFile } from 'child_process'; execFile('ls', []);",
    "const o = { type: 'boolean', shell: void 0 };",
  ])('is not found in %s', (code) => {
    expect(shellStarts('a.mjs', code)).toEqual([]);
  });
});
