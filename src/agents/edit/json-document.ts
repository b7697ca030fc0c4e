/** A JSON document under change: finds by path, inserts, replaces, removes, and keeps what undoing needs. */
import { isDeepStrictEqual } from 'node:util';
import type { Node } from 'jsonc-parser';
import { Failure } from '../../util/failure.ts';
import type { Inside, Path, Undo } from './edit.ts';
import {
  type Dialect,
  insertChild,
  insideOf,
  isBare,
  memberValue,
  parseObject,
  plainValue,
  position,
  removeChild,
  replaceNode,
  withInside,
} from './json-text.ts';

export class JsonDocument {
  readonly #dialect: Dialect;
  readonly #file: string;
  readonly #undo: Undo | undefined;
  readonly #containers: Path[] = [];
  readonly #inside: Inside[] = [];
  readonly rules: string[] = [];
  #text: string;
  #root: Node;

  /** `undo` of an earlier put, for taking out. Throws a Failure for text that is broken. */
  constructor(text: string, dialect: Dialect, file: string, undo?: Undo) {
    this.#dialect = dialect;
    this.#file = file;
    this.#undo = undo;
    this.#text = text;
    this.#root = parseObject(text, dialect, file);
  }

  get text(): string {
    return this.#text;
  }

  get value(): unknown {
    return plainValue(this.#root);
  }

  /** Nothing but the members of `seed`, and no comment. */
  isJust(seed: object): boolean {
    return isDeepStrictEqual(this.value, seed) && !/\/[/*]/.test(this.#text.replace(/"(?:[^"\\]|\\.)*"/g, ''));
  }

  /** What was inserted since the start. */
  get undo(): Undo {
    return { containers: this.#containers, inside: this.#inside, rules: this.rules };
  }

  /** The list or object at the path; undefined when there is none. Throws when something else is there, or on the way. */
  container(path: Path, type: 'array' | 'object'): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const [i, name] of path.entries()) {
      node = memberValue(node, name);
      if (node === undefined) return undefined;
      this.#check(node, path.slice(0, i + 1), i === path.length - 1 ? type : 'object');
    }
    return node;
  }

  #check(node: Node, path: Path, type: string): void {
    if (node.type === type) return;
    const where = position(this.#text, node.offset);
    throw new Failure(
      'error',
      `"${path.join('.')}" in ${this.#file} is no ${type === 'array' ? 'list' : 'object'} (${where}).`,
      'Mend it or move it away; nothing was written.',
    );
  }

  where(node: Node): string {
    return position(this.#text, node.offset);
  }

  /** Appends to the list at `path`. */
  append(path: Path, value: unknown): void {
    this.#insert(path, 'array', undefined, value);
  }

  /** Adds a member to the object at `path`. */
  add(path: Path, name: string, value: unknown): void {
    this.#insert(path, 'object', name, value);
  }

  /** Containers that are missing are made, and remembered. */
  #insert(path: Path, type: 'array' | 'object', name: string | undefined, value: unknown): void {
    const there =
      path.findLastIndex((_, i) => this.container(path.slice(0, i + 1), this.#typeAt(path, i, type)) !== undefined) + 1;
    const [missing, ...rest] = path.slice(there);
    const parent = path.slice(0, there);
    const container = this.container(parent, this.#typeAt(path, there - 1, type)) ?? this.#root;
    if ((container.children ?? []).length === 0) {
      this.#inside.push({ path: parent, text: insideOf(this.#text, container) });
    }
    if (missing === undefined) return this.#became(insertChild(this.#text, this.#root, container, name, value));
    const innermost = name === undefined ? [value] : { [name]: value };
    const nested = rest.reduceRight<unknown>((inner, each) => ({ [each]: inner }), innermost);
    this.#became(insertChild(this.#text, this.#root, container, missing, nested));
    for (let i = there + 1; i <= path.length; i += 1) this.#containers.push(path.slice(0, i));
  }

  /** All on a path are objects, but the last one may be a list. */
  #typeAt(path: Path, i: number, last: 'array' | 'object'): 'array' | 'object' {
    return i === path.length - 1 ? last : 'object';
  }

  replace(node: Node, value: unknown): void {
    this.#became(replaceNode(this.#text, this.#root, node, value));
  }

  /** `path` is where the container is, if it is on a path of members. */
  remove(container: Node, index: number, path?: Path): void {
    const { text, isEmpty } = removeChild(this.#text, container, index);
    this.#became(text);
    const emptied = isEmpty && path !== undefined ? this.#at(path) : undefined;
    if (emptied === undefined || path === undefined) return;
    const was = this.#undo?.inside?.find((each) => isDeepStrictEqual(each.path, path));
    this.#became(withInside(this.#text, emptied, was?.text ?? ''));
  }

  /** The containers that we made and that are empty again, the innermost first. */
  removeOwnContainers(): void {
    const made = [...(this.#undo?.containers ?? [])].sort((a, b) => b.length - a.length);
    for (const path of made) {
      const name = path.at(-1);
      const parent = path.slice(0, -1);
      const node = this.#at(path);
      const outer = this.#at(parent);
      if (node === undefined || outer === undefined || name === undefined || !isBare(this.#text, node)) continue;
      this.remove(outer, memberIndex(outer, name), parent);
    }
  }

  #at(path: Path): Node | undefined {
    return path.reduce<Node | undefined>((node, name) => node && memberValue(node, name), this.#root);
  }

  #became(text: string): void {
    this.#text = text;
    this.#root = parseObject(text, this.#dialect, this.#file);
  }
}

/** The one whose value `memberValue` answers. */
export function memberIndex(object: Node, name: string): number {
  return object.children?.findLastIndex((member) => member.children?.[0]?.value === name) ?? -1;
}
