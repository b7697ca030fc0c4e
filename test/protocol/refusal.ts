/** What reading something wrong throws: a RelayError, as one sentence. */
import { expect } from 'vitest';
import { type Code, RelayError } from '../../src/protocol/codes.ts';

export function refusal(read: () => unknown): RelayError {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(RelayError);
    if (error instanceof RelayError) return error;
  }
  return expect.unreachable('was to be refused');
}

export function codeOf(read: () => unknown): Code {
  return refusal(read).code;
}
