import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readInput } from '../../src/hooks/input.ts';

const read = (...pieces: (string | Buffer)[]) => readInput(Readable.from(pieces.map((piece) => Buffer.from(piece))));

describe('what a hook is told', () => {
  it('is passed on without what nobody reads', async () => {
    const told = {
      session_id: 's',
      tool_name: 'Bash',
      tool_response: { stdout: 'x'.repeat(100_000) },
      effort: { level: 'high' },
    };
    expect(await read(JSON.stringify(told))).toEqual({ session_id: 's', tool_name: 'Bash' });
  });

  it('may come in pieces', async () => {
    const text = Buffer.from(JSON.stringify({ prompt: '☃ snow' }));
    expect(await read(text.subarray(0, 13), text.subarray(13))).toEqual({ prompt: '☃ snow' });
  });

  it.each(['', 'no json', '[]', '5', 'null', '{'])('may be nothing: %j', async (text) => {
    expect(await read(text)).toEqual({});
  });

  it('has a limit, and so has each of its fields', async () => {
    const long = await read(JSON.stringify({ prompt: 'x'.repeat(300_000) }));
    expect(String(long['prompt']).length).toBe(256 * 1024);
    expect(await read(JSON.stringify({ prompt: 'x'.repeat(17 * 1024 * 1024) }))).toEqual({});
  });
});
