/** Reads a request's body, and no more of it than the relay takes. */
import { RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';

/** Bytes of all bodies that are not whole yet: a thousand that stop in the middle would hold memory back. */
let unfinished = 0;

const CROWDED = new RelayError('too_many_requests', 'Too many bodies are on their way to this relay; try again.');

/** Why a body of so many bytes is not even begun. It is no promise that there is room until its end. */
export function crowded(bytes: number): RelayError | undefined {
  return unfinished + bytes > LIMITS.unfinishedBytes && bytes <= LIMITS.frameBytes ? CROWDED : undefined;
}

/**
 * Counted while it is read: a body that does not say its size is cut off at the limit too. Throws `too_large`, and
 * `too_many_requests` when all bodies together are too much.
 */
export async function readBody(request: Request, limit: number = LIMITS.frameBytes): Promise<string> {
  const tooLarge = () => new RelayError('too_large', `A body is at most ${limit} bytes.`);
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  if (!request.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body) {
      size += chunk.byteLength;
      unfinished += chunk.byteLength;
      if (size > limit) throw tooLarge();
      if (unfinished > LIMITS.unfinishedBytes) throw CROWDED;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  } catch (error) {
    if (error instanceof RelayError) throw error;
    throw new RelayError('bad_request', 'The body broke off; send all of it.', error);
  } finally {
    unfinished -= size;
  }
}
