/** Where bundled code would start a shell, or code from text: as the bundler leaves it, under whichever names. */
import ts from 'typescript';

const MODULE = /^(node:)?child_process$/;
const SHELLS = new Set(['exec', 'execSync']);

/** Each as `path:line code`. */
export function shellStarts(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const modules = new Set<string>();
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    noteModule(node, modules);
    if (startsShell(node, modules)) found.push(place(file, node));
    else ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** `import * as c`, `const c = require(…)`: names that stand for the whole module. */
function noteModule(node: ts.Node, modules: Set<string>): void {
  if (ts.isImportDeclaration(node) && isModuleName(node.moduleSpecifier)) {
    const { name, namedBindings } = node.importClause ?? {};
    if (name) modules.add(name.text);
    if (namedBindings && ts.isNamespaceImport(namedBindings)) modules.add(namedBindings.name.text);
  }
  if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && loadsModule(node.initializer))
    modules.add(node.name.text);
}

function startsShell(node: ts.Node, modules: ReadonlySet<string>): boolean {
  if (ts.isImportSpecifier(node)) {
    const { moduleSpecifier } = node.parent.parent.parent;
    return isModuleName(moduleSpecifier) && SHELLS.has((node.propertyName ?? node.name).text);
  }
  if (ts.isBindingElement(node)) {
    const { initializer } = ts.isVariableDeclaration(node.parent.parent) ? node.parent.parent : {};
    return loadsModule(initializer) && SHELLS.has((node.propertyName ?? node.name).getText());
  }
  if (ts.isPropertyAccessExpression(node) && SHELLS.has(node.name.text))
    return loadsModule(node.expression) || (ts.isIdentifier(node.expression) && modules.has(node.expression.text));
  if (ts.isPropertyAssignment(node)) return nameOf(node.name) === 'shell' && !isOff(node.initializer);
  if (ts.isCallExpression(node) || ts.isNewExpression(node))
    return ts.isIdentifier(node.expression) && /^(eval|Function)$/.test(node.expression.text) && !isProbe(node);
  return false;
}

/** `require('child_process')`, `process.getBuiltinModule('child_process')`, as they are or awaited. */
function loadsModule(node: ts.Node | undefined): boolean {
  if (node === undefined) return false;
  if (ts.isAwaitExpression(node) || ts.isParenthesizedExpression(node)) return loadsModule(node.expression);
  if (!ts.isCallExpression(node)) return false;
  const [first] = node.arguments;
  return first !== undefined && isModuleName(first) && !ts.isPropertyAccessExpression(first);
}

function isModuleName(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) && MODULE.test(node.text);
}

/** A library asks whether it might (`new Function("")` runs nothing), or for the global object. */
function isProbe({ arguments: given }: ts.CallExpression | ts.NewExpression): boolean {
  return (
    given?.length === 1 && given.every((each) => ts.isStringLiteralLike(each) && /^(return this)?$/.test(each.text))
  );
}

/** `false`, `!1`, `undefined`, `void 0`. */
function isOff(node: ts.Expression): boolean {
  return /^(false|!1|undefined|void 0)$/.test(node.getText());
}

function nameOf(name: ts.PropertyName): string | undefined {
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : undefined;
}

function place(file: ts.SourceFile, node: ts.Node): string {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return `${file.fileName}:${line + 1} ${node.getText(file).split('\n')[0]?.slice(0, 100)}`;
}
