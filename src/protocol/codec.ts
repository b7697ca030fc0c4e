/** Text to frame and back. Decoding checks everything that a peer sent; encoding is JSON. */
import { RelayError } from './codes.ts';
import { byeShape, type ClientFrame, helloShape, PROTOCOL_VERSION, type RelayFrame, requestShape } from './frames.ts';
import { deliverText } from './texts.ts';

export function encode(frame: RelayFrame | ClientFrame): string {
  return frame.type === 'deliver' ? deliverText(frame) : JSON.stringify(frame);
}

/** A frame that a client sent. Throws `bad_frame` or `bad_request`. */
export function decodeClientFrame(text: string): ClientFrame {
  const value = parseObject(text);
  switch (value['type']) {
    case 'hello':
      // Before its fields: those of another version may be unknown here, and that is not what is wrong.
      if (isOtherVersion(value['v'])) throw versionError();
      return helloShape.read(value, 'hello');
    case 'request':
      return requestShape.read(value, 'request');
    case 'bye':
      return byeShape.read(value, 'bye');
    default:
      throw new RelayError('bad_frame', 'A client sends hello, request or bye.');
  }
}

const RELAY_TAGS = new Set([
  'welcome',
  'answer',
  'error',
  'deliver',
  'more',
  'receipt',
  'presence',
  'held',
  'braked',
  'paused',
]);

/**
 * A frame that the relay sent. The relay is the side that the client authenticates to, so only the tag is checked
 * here; a frame of a later version with an unknown tag is `undefined`, to be passed over.
 */
export function decodeRelayFrame(text: string): RelayFrame | undefined {
  const value = parseObject(text);
  if (typeof value['type'] !== 'string' || !RELAY_TAGS.has(value['type'])) return undefined;
  return value as unknown as RelayFrame;
}

function isOtherVersion(v: unknown): boolean {
  return typeof v === 'number' && Number.isSafeInteger(v) && v >= 0 && v !== PROTOCOL_VERSION;
}

function versionError(): RelayError {
  const sentence = `This relay speaks version ${PROTOCOL_VERSION} of the protocol; update the older side.`;
  return new RelayError('version_unsupported', sentence);
}

/** The request id of a frame that did not decode, so that the error can name what it answers. */
export function requestIdOf(text: string): number | undefined {
  try {
    const id = parseObject(text)['id'];
    return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : undefined;
  } catch {
    return undefined; // not JSON: there is nothing to answer by number
  }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RelayError('bad_frame', 'A frame is one JSON object.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RelayError('bad_frame', 'A frame is one JSON object.');
  return value as Record<string, unknown>;
}
