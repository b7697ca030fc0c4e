import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JsonlTail } from '../../src/agents/jsonl-tail.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('the tail of a file of lines', () => {
  it('has nothing while it cannot be read, and all of it once it can', () => {
    const path = join(tempDir(), 'log.jsonl');
    // A directory can be opened, and every read of it fails (EISDIR).
    mkdirSync(path);
    const tail = new JsonlTail(path, 1_000_000);
    expect(tail.lines()).toEqual([]);
    rmdirSync(path);
    writeFileSync(path, 'one\ntwo\nth');
    expect(tail.lines()).toEqual(['one', 'two']);
    writeFileSync(path, 'one\ntwo\nthree\n');
    expect(tail.lines()).toEqual(['three']);
  });
});
