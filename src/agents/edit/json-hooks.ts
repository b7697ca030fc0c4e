/** Hooks of one event in a JSON file: a list of groups of handlers, or of handlers alone. */
import { isDeepStrictEqual } from 'node:util';
import type { Node } from 'jsonc-parser';
import { fieldsOf } from '../../util/fields.ts';
import type { Path } from './edit.ts';
import type { JsonEntry, JsonObject } from './json.ts';
import type { JsonDocument } from './json-document.ts';
import { memberValue, plainValue } from './json-text.ts';

interface HooksInput {
  /** Where the list is. */
  readonly path: Path;
  /** What goes into it: a group `{ hooks: [handler…] }`, or one handler when lists are flat. */
  readonly item: JsonObject;
  readonly isFlat?: boolean;
  readonly isOurs: (handler: unknown) => boolean;
}

/** One handler in the document. */
interface Found {
  readonly item: number;
  readonly handler: number;
  readonly value: unknown;
}

/** Added at the end of the list, so that the user's hooks keep their places: some programs know them by those. */
export function hooks(input: HooksInput): JsonEntry {
  return new Hooks(input);
}

class Hooks implements JsonEntry {
  readonly #input: HooksInput;

  constructor(input: HooksInput) {
    this.#input = input;
  }

  /** Ours are brought up to date where they are when they have a group to themselves; else they go to the end. */
  put(document: JsonDocument): void {
    const { path, item, isFlat = false } = this.#input;
    const list = document.container(path, 'array');
    const all = this.#found(list);
    const ours = all.filter(({ value }) => this.#input.isOurs(value));
    // What the user added to a handler of ours stays in it.
    const wanted = this.#handlersOf(item).map((each, i) => ({ ...fieldsOf(ours[i]?.value), ...fieldsOf(each) }));
    const now = ours.map(({ value }) => value);
    if (isDeepStrictEqual(now, wanted)) return;
    const place = this.#ownPlace(list, all, ours);
    if (place !== undefined) return document.replace(place, isFlat ? wanted[0] : wanted);
    this.take(document);
    document.append(path, item);
  }

  /** From the last to the first; a group goes with its last handler. */
  take(document: JsonDocument): void {
    const { path, isOurs } = this.#input;
    for (;;) {
      const list = document.container(path, 'array');
      const all = this.#found(list);
      const last = all.findLast(({ value }) => isOurs(value));
      if (list === undefined || last === undefined) return;
      const isShared = all.some(({ item, value }) => item === last.item && !isOurs(value));
      const group = isShared ? hooksOf(list.children?.[last.item]) : undefined;
      if (group !== undefined) document.remove(group, last.handler);
      else document.remove(list, last.item, path);
    }
  }

  /** The list of our handlers, or our handler, when they are all in one group and nobody else is in it. */
  #ownPlace(list: Node | undefined, all: readonly Found[], ours: readonly Found[]): Node | undefined {
    const index = ours[0]?.item;
    const inGroup = all.filter(({ item }) => item === index);
    const isOwn = inGroup.length === ours.length && ours.every(({ item }) => item === index);
    const node = index !== undefined && isOwn ? list?.children?.[index] : undefined;
    return this.#input.isFlat ? node : hooksOf(node);
  }

  #found(list: Node | undefined): Found[] {
    return (list?.children ?? []).flatMap((node, item) =>
      this.#handlersOf(plainValue(node)).map((value, handler) => ({ item, handler, value })),
    );
  }

  #handlersOf(item: unknown): readonly unknown[] {
    if (this.#input.isFlat) return [item];
    const { hooks: handlers } = fieldsOf(item);
    return Array.isArray(handlers) ? handlers : [];
  }
}

const hooksOf = (group: Node | undefined): Node | undefined => group && memberValue(group, 'hooks');
