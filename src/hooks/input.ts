/** What a program tells its hook on stdin, without what nobody here reads: a tool's whole output may stand in it. */

import type { Readable } from 'node:stream';

/** Bytes; what is longer is not looked at. */
const LONGEST = 16 * 1024 * 1024;
/** Characters of one field: ids of messages in a prompt are found in its beginning. */
const LONGEST_FIELD = 256 * 1024;

const FIELDS = [
  'session_id',
  'sessionId',
  'conversation_id',
  'conversationId',
  'transcript_path',
  'transcriptPath',
  'cwd',
  'tool_name',
  'toolName',
  'prompt',
  'stop_hook_active',
  'stopHookActive',
  'agent_id',
  'loop_count',
];

/** By events, which cost the start of a process less than `for await`. */
export async function readInput(stdin: Readable): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  await new Promise((resolve, reject) => {
    stdin.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= LONGEST) chunks.push(chunk);
    });
    stdin.on('end', resolve).on('error', reject);
  });
  return bytes > LONGEST ? {} : picked(Buffer.concat(chunks).toString('utf8'));
}

function picked(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {}; // a program that says nothing, or in no way that we know
  }
  if (typeof value !== 'object' || value === null) return {};
  const all: Readonly<Record<string, unknown>> = { ...value };
  return Object.fromEntries(FIELDS.filter((field) => field in all).map((field) => [field, clipped(all[field])]));
}

function clipped(value: unknown): unknown {
  return typeof value === 'string' ? value.slice(0, LONGEST_FIELD) : value;
}
