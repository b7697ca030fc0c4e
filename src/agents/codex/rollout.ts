/**
 * Codex's record of a thread, `$CODEX_HOME/sessions/YYYY/MM/DD/rollout-<time>-<thread>.jsonl`, a JSON object a line:
 *
 *     session_meta                          the thread, where it runs, and who started it; the first line
 *     event_msg task_started, task_complete a turn begins, ends
 *     response_item message …id…            in the context; also a tool's output
 *     response_item reasoning, …_call, message of the assistant    the model has answered what was in it by then
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fieldsOf, parsed } from '../../util/fields.ts';
import type { Evidence, Transcript } from '../evidence.ts';
import { eachLine, JsonlTail } from '../jsonl-tail.ts';
import type { Activity } from '../program.ts';
import { PAST, pastLines, Watched } from '../watched.ts';

/** Long enough for what stands before the instructions in the first line. */
const HEAD_BYTES = 4_096;

const BUSY = new Set(['task_started', 'turn_started']);
const IDLE = new Set(['task_complete', 'turn_complete', 'turn_aborted']);
const CALLS = /^(function|custom_tool|local_shell|mcp_tool)_call$/;
const SPOKEN = new Set(['message', 'function_call_output', 'custom_tool_call_output', 'mcp_tool_call_output']);

export class Rollout implements Transcript {
  #tail: JsonlTail | undefined;
  readonly #watched = new Watched();
  #activity: Activity | undefined;

  follow(path: string): void {
    if (this.#tail?.path === path) return;
    this.#tail = new JsonlTail(path, PAST);
    this.#read();
  }

  get path(): string | undefined {
    return this.#tail?.path;
  }

  get activity(): Activity | undefined {
    this.#read();
    return this.#activity;
  }

  watch(ids: readonly string[], { past = false }: { readonly past?: boolean } = {}): void {
    this.#read();
    this.#watched.add(ids);
    if (past) eachLine(pastLines(this.#tail?.path), (line) => this.#search(line));
  }

  look(): ReadonlyMap<string, Evidence> {
    this.#read();
    return this.#watched.take();
  }

  #read(): void {
    eachLine(this.#tail?.lines() ?? [], (line) => {
      this.#search(line);
      this.#noteActivity(line);
    });
  }

  #search(line: string): void {
    const ids = this.#watched.namedIn(line);
    if (this.#watched.isEmpty || (ids.length === 0 && !line.includes('"response_item"'))) return;
    const entry = fieldsOf(parsed(line));
    if (entry.type !== 'response_item') return;
    const { type, role } = fieldsOf(entry.payload);
    if (SPOKEN.has(String(type))) this.#watched.note(ids, 'seen');
    if (role === 'assistant' || type === 'reasoning' || CALLS.test(String(type))) this.#watched.noteAnswer();
  }

  #noteActivity(line: string): void {
    if (!line.includes('"event_msg"') && !line.includes('_call')) return;
    const entry = fieldsOf(parsed(line));
    const { type, name } = fieldsOf(entry.payload);
    const since = Date.parse(String(entry.timestamp));
    if (BUSY.has(String(type))) this.#activity = { doing: 'busy', since };
    else if (IDLE.has(String(type))) this.#activity = { doing: 'idle', since };
    else if (CALLS.test(String(type)) && typeof name === 'string')
      this.#activity = { doing: 'busy', since, tool: name };
    else if (/_call_output$/.test(String(type))) this.#activity = { doing: 'busy', since };
  }
}

export interface Thread {
  readonly id: string;
  readonly path: string;
  readonly cwd: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** `codex exec`, or something else that ends with its one task. */
  readonly isExec: boolean;
}

/** Threads of the last two days that have a rollout; the newest first. */
export function recentThreads(codexHome: string, now: number): readonly Thread[] {
  const files = [0, 1].flatMap((days) => filesOf(codexHome, new Date(now - days * 86_400_000)));
  const threads = files.flatMap((path) => readThread(path) ?? []);
  return threads.sort((a, b) => b.startedAt - a.startedAt);
}

export function threadOf(codexHome: string, now: number, id: string): Thread | undefined {
  return recentThreads(codexHome, now).find((thread) => thread.id === id);
}

/** Folders are named by local time. */
function filesOf(codexHome: string, day: Date): string[] {
  const two = (n: number) => String(n).padStart(2, '0');
  const dir = join(codexHome, 'sessions', String(day.getFullYear()), two(day.getMonth() + 1), two(day.getDate()));
  try {
    return readdirSync(dir)
      .filter((name) => /^rollout-.+\.jsonl$/.test(name))
      .map((name) => join(dir, name));
  } catch {
    return []; // no such day
  }
}

/** From the first line, which is long: only its beginning is read, and that is no whole JSON. */
export function readThread(path: string): Thread | undefined {
  const head = headOf(path);
  const id = stringIn(head, 'id') ?? /-([0-9a-f-]{36})\.jsonl$/.exec(basename(path))?.[1];
  const cwd = stringIn(head, 'cwd');
  const at = Date.parse(/"payload":\{[^}]*?"timestamp":"([^"]+)"/.exec(head)?.[1] ?? '');
  if (!head.includes('"session_meta"') || id === undefined || cwd === undefined || Number.isNaN(at)) return undefined;
  const isExec = stringIn(head, 'originator') === 'codex_exec' || stringIn(head, 'source') === 'exec';
  return { id, path, cwd, startedAt: at, isExec };
}

function stringIn(head: string, field: string): string | undefined {
  const found = new RegExp(`[{,]"${field}":("(?:[^"\\\\]|\\\\.)*")`).exec(head)?.[1];
  const value = found === undefined ? undefined : parsed(found);
  return typeof value === 'string' ? value : undefined;
}

function headOf(path: string): string {
  const buffer = Buffer.alloc(HEAD_BYTES);
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, HEAD_BYTES, 0));
  } catch {
    return ''; // gone, or not for us
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
