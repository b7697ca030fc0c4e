/** What a scripted model says, before it is put into a protocol. */
import type { View } from './view.ts';

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  /** By its name, or the first tool on offer whose name fits: each program has its own way to name those of a server. */
  | { readonly kind: 'call'; readonly tool: string | RegExp; readonly input: object }
  /** Codex' code mode: a program that calls the tools. */
  | { readonly kind: 'code'; readonly source: string }
  /** Codex' search for tools that are not on offer yet. */
  | { readonly kind: 'search'; readonly query: string };

export type Reply = readonly Part[];

/** With the tool found. */
export type Said =
  | Exclude<Part, { readonly kind: 'call' }>
  | { readonly kind: 'call'; readonly name: string; readonly namespace?: string; readonly input: object };

export const say = (text: string): Part => ({ kind: 'text', text });
export const call = (tool: string | RegExp, input: object = {}): Part => ({ kind: 'call', tool, input });
export const code = (source: string): Part => ({ kind: 'code', source });
export const search = (query: string): Part => ({ kind: 'search', query });

/** `raw` is the whole request: a deferred tool is nothing but a name somewhere in it. */
export function resolve(reply: Reply, view: View, raw: string): Said[] {
  return reply.map((part) => (part.kind === 'call' ? resolveCall(part.tool, part.input, view, raw) : part));
}

function resolveCall(tool: string | RegExp, input: object, view: View, raw: string): Said {
  const fits = (name: string) => (typeof tool === 'string' ? name === tool : tool.test(name));
  const found = view.tools.find(({ name }) => fits(name));
  if (found?.namespace !== undefined) return { kind: 'call', name: found.name, namespace: found.namespace, input };
  const named = found?.name ?? (raw.match(/\bmcp__\w[\w-]*/g) ?? []).find(fits);
  // What is not on offer is called all the same: the program's refusal is an answer too.
  return { kind: 'call', name: named ?? (typeof tool === 'string' ? tool : tool.source), input };
}
