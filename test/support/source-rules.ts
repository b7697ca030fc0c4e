/**
 * Rules about what source code may say, beyond its imports. They look at parsed code, not at text: `regex.exec(…)` and a
 * comment about `exec` are nobody's business.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

interface Rule {
  readonly name: string;
  /** Paths from the root that it holds in, with forward slashes. */
  readonly within: RegExp;
  readonly except?: RegExp;
  matches(node: ts.Node): boolean;
}

/** Needs no shell and cannot be made to start one (threat T23). */
const SHELLS = new Set(['exec', 'execSync']);
/** Not `setImmediate`: that waits for the next turn, however long it takes, and not for a time. */
const CLOCKS = new Set(['setTimeout', 'setInterval', 'performance']);
const AMBIENT = new Set([...CLOCKS, 'setImmediate', 'Date', 'crypto', 'process', 'fetch', 'globalThis', 'navigator']);
const ONLY_IN_NODE = new Set(['process', 'Buffer', 'global', 'require', '__dirname', '__filename', 'setImmediate']);

export const RULES: readonly Rule[] = [
  { name: 'no-shell', within: /^src\//, matches: startsShell },
  { name: 'arguments-in-a-list', within: /^src\//, matches: startsWithoutList },
  { name: 'no-code-from-text', within: /^src\//, matches: runsText },
  // `mcp` has nothing but protocol on its stdout; the relay logs through its log.
  {
    name: 'no-console',
    within: /^src\//,
    except: /^src\/cli\//,
    matches: (node) => isGlobal(node, new Set(['console'])),
  },
  // Threat T16: what is printed has been made safe, there or by the one who is given the stream.
  { name: 'safe-where-it-leaves', within: /^src\//, matches: printsUnsafe },
  {
    name: 'streams-in-few-hands',
    within: /^src\//,
    except: /^src\/(cli\/(main|ending)|hook|serve|serve\/log|mcp\/main|mcp\/stdio)\.ts$/,
    matches: (node) => reachesStream(node) || opensOutput(node),
  },
  {
    name: 'raw-is-ours',
    within: /^src\//,
    except: /^src\/cli\/(chat|commands\/(completion|export|register|shell-init))\.ts$/,
    matches: (node) => isCallOf(node, 'raw'),
  },
  { name: 'state-asks-nothing', within: /^src\/state\//, matches: (node) => isGlobal(node, AMBIENT) || isChance(node) },
  { name: 'browser-can-run-it', within: /^src\/protocol\//, matches: (node) => isGlobal(node, ONLY_IN_NODE) },
  { name: 'time-from-clock', within: /^src\//, except: /^src\/util\/clock\.ts$/, matches: readsClock },
  { name: 'chance-from-random', within: /^src\//, except: /^src\/util\/random\.ts$/, matches: isChance },
];

/** Each breach as `rule: path:line code`. */
export function breaches(path: string, text: string, rules: readonly Rule[] = RULES): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const here = rules.filter((rule) => rule.within.test(path) && !rule.except?.test(path));
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    for (const rule of here) if (rule.matches(node)) found.push(`${rule.name}: ${place(file, node)}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** All TypeScript files under a folder of `root`, as paths from the root. */
export function sources(root: string, folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources(root, path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

export function breachesUnder(root: string, folder: string): string[] {
  return sources(root, folder).flatMap((path) => breaches(path, readFileSync(join(root, path), 'utf8')));
}

function place(file: ts.SourceFile, node: ts.Node): string {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  const [code = ''] = node.getText(file).split('\n');
  return `${file.fileName}:${line + 1} ${code}`;
}

function startsShell(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return importsShell(node);
  if (ts.isCallExpression(node)) return ts.isIdentifier(node.expression) && SHELLS.has(node.expression.text);
  if (ts.isShorthandPropertyAssignment(node)) return node.name.text === 'shell';
  if (!ts.isPropertyAssignment(node)) return false;
  return nameOf(node.name) === 'shell' && node.initializer.kind === ts.SyntaxKind.TrueKeyword;
}

/** By name, under another name, or with everything else of its module, where a call of it would not be recognised. */
function importsShell({ moduleSpecifier, importClause }: ts.ImportDeclaration): boolean {
  if (!ts.isStringLiteral(moduleSpecifier) || !/^(node:)?child_process$/.test(moduleSpecifier.text)) return false;
  const bindings = importClause?.namedBindings;
  if (importClause?.name || !bindings || ts.isNamespaceImport(bindings)) return true;
  return bindings.elements.some(({ name, propertyName }) => SHELLS.has((propertyName ?? name).text));
}

function runsText(node: ts.Node): boolean {
  if (ts.isNewExpression(node) || ts.isCallExpression(node))
    return ts.isIdentifier(node.expression) && /^(eval|Function)$/.test(node.expression.text);
  return false;
}

const STARTERS = new Set(['spawn', 'spawnSync', 'execFile', 'execFileSync', 'fork']);

/** A program without its list of arguments takes the line apart itself, or lets the system do it. */
function startsWithoutList(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression) || !STARTERS.has(node.expression.text))
    return false;
  const [, list] = node.arguments;
  if (list === undefined) return true;
  return !ts.isArrayLiteralExpression(list) && !(ts.isIdentifier(list) && /^arg(s|v)$/.test(list.text));
}

/** `process.stdout.write` of anything but a constant, or a template in which each part is made safe. */
function printsUnsafe(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !isCallOf(node, 'write') || !ts.isPropertyAccessExpression(node.expression))
    return false;
  const [text] = node.arguments;
  return reachesStream(node.expression.expression) && text !== undefined && !isSafe(text);
}

function isSafe(text: ts.Expression): boolean {
  if (ts.isStringLiteralLike(text)) return true;
  if (ts.isIdentifier(text)) return /^[A-Z_]+$/.test(text.text);
  if (ts.isTemplateExpression(text)) return text.templateSpans.every(({ expression }) => isSafe(expression));
  return ts.isCallExpression(text) && isNamed(text.expression, 'safeText');
}

function reachesStream(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node))
    return isNamed(node.expression, 'process') && /^std(out|err)$/.test(node.name.text);
  if (!ts.isVariableDeclaration(node) || !ts.isObjectBindingPattern(node.name)) return false;
  return (
    node.initializer !== undefined && isNamed(node.initializer, 'process') && /std(out|err)/.test(node.name.getText())
  );
}

/** The same streams by their numbers. */
function opensOutput(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !/^(write|writeSync|writeFileSync|appendFileSync)$/.test(callee(node)))
    return false;
  const [file] = node.arguments;
  return file !== undefined && ts.isNumericLiteral(file) && /^[12]$/.test(file.text);
}

function isCallOf(node: ts.Node, method: string): boolean {
  return (
    ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === method
  );
}

/** The last word of what is called. */
function callee({ expression }: ts.CallExpression): string {
  if (ts.isPropertyAccessExpression(expression)) return expression.name.text;
  return ts.isIdentifier(expression) ? expression.text : '';
}

function readsClock(node: ts.Node): boolean {
  if (ts.isNewExpression(node)) return isNamed(node.expression, 'Date') && (node.arguments ?? []).length === 0;
  if (ts.isPropertyAccessExpression(node)) return isNamed(node.expression, 'Date') && node.name.text === 'now';
  return isGlobal(node, CLOCKS);
}

function isChance(node: ts.Node): boolean {
  if (!ts.isPropertyAccessExpression(node)) return false;
  if (isNamed(node.expression, 'Math')) return node.name.text === 'random';
  return isNamed(node.expression, 'crypto') && /^(randomUUID|getRandomValues)$/.test(node.name.text);
}

/** A name that stands for itself: no property, no type, and not the name of something declared here. */
function isGlobal(node: ts.Node, names: ReadonlySet<string>): boolean {
  if (!ts.isIdentifier(node) || !names.has(node.text)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false;
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return false;
  if (!ts.isShorthandPropertyAssignment(parent) && 'name' in parent && parent.name === node) return false;
  if ('propertyName' in parent && parent.propertyName === node) return false;
  return !isDeclared(node);
}

/** Is there a parameter, variable or import of this name around it? Coarse: anywhere in an enclosing scope. */
function isDeclared(node: ts.Identifier): boolean {
  for (let scope: ts.Node = node.parent; scope; scope = scope.parent) {
    if (declares(scope, node.text)) return true;
  }
  return false;
}

function declares(scope: ts.Node, name: string): boolean {
  if (ts.isFunctionLike(scope)) return scope.parameters.some((parameter) => binds(parameter.name, name));
  if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) return false;
  return scope.statements.some((statement) => statementDeclares(statement, name));
}

function statementDeclares(statement: ts.Statement, name: string): boolean {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.some((declaration) => binds(declaration.name, name));
  if (ts.isFunctionDeclaration(statement)) return statement.name?.text === name;
  if (!ts.isImportDeclaration(statement)) return false;
  const { name: whole, namedBindings } = statement.importClause ?? {};
  if (whole?.text === name) return true;
  if (!namedBindings) return false;
  if (ts.isNamespaceImport(namedBindings)) return namedBindings.name.text === name;
  return namedBindings.elements.some((element) => element.name.text === name);
}

function binds(binding: ts.BindingName, name: string): boolean {
  if (ts.isIdentifier(binding)) return binding.text === name;
  return binding.elements.some((element) => ts.isBindingElement(element) && binds(element.name, name));
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}

function nameOf(name: ts.PropertyName): string | undefined {
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : undefined;
}
