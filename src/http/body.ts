/** Reads a request's body, and no more of it than the relay takes. */
import { RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';

/** Counted while it is read: a body that does not say its size is cut off at the limit too. Throws `too_large`. */
export async function readBody(request: Request, limit: number = LIMITS.frameBytes): Promise<string> {
  const tooLarge = () => new RelayError('too_large', `A body is at most ${limit} bytes.`);
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  if (!request.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
