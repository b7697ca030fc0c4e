/** What a request shows the model, in one shape for all protocols. */
import { get, text } from './json.ts';

export interface OfferedTool {
  readonly name: string;
  /** Some protocols put the tools of one server together. */
  readonly namespace?: string;
  readonly description: string;
  readonly bytes: number;
  /** Known by name only, until the model asks for it. */
  readonly deferred: boolean;
}

export interface Item {
  readonly role: string;
  readonly type: string;
  readonly text: string;
  readonly isError: boolean;
}

export interface View {
  readonly tools: readonly OfferedTool[];
  /** What came after the last thing that the model said: the input of this turn. */
  readonly fresh: readonly Item[];
}

/** All behind the last one that the model said itself. */
export function behindLast<T>(all: readonly T[], isSaid: (item: T) => boolean): readonly T[] {
  return all.slice(all.findLastIndex(isSaid) + 1);
}

export function item(role: string, type: string, content: string, isError = false): Item {
  return { role, type, text: content, isError };
}

/** A tool's definition in most protocols; `size` where it has another wrapping. */
export function offered(tool: unknown, size: number, namespace?: string): OfferedTool {
  return {
    name: text(get(tool, 'name')) || text(get(tool, 'type')),
    description: text(get(tool, 'description')),
    bytes: size,
    deferred: get(tool, 'defer_loading') === true,
    ...(namespace === undefined ? {} : { namespace }),
  };
}

/** What our tools cost the model in this request. */
export function toolBytes({ tools }: View): number {
  return tools.filter(({ name }) => /relay_[a-z]+$/.test(name)).reduce((sum, { bytes }) => sum + bytes, 0);
}
