import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/protocol/envelope.ts';
import { answerText, deliverText, envelopeText, resultText } from '../../src/protocol/texts.ts';
import type { SendResult } from '../../src/protocol/verbs.ts';

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,20}$/);
const address = fc.oneof(name, fc.stringMatching(/^#[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/), fc.constant('all'));
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\0', '\n', '\u2028', '\ud800', 'x\udfffy', '😀'),
);

const envelopes: fc.Arbitrary<Envelope> = fc.record(
  {
    id,
    position: time,
    from: name,
    to: fc.array(address, { minLength: 1, maxLength: 4 }),
    at: time,
    body: anyText,
    thread: anyText,
    reply_to: id,
    priority: fc.constantFrom('urgent' as const, 'quiet' as const),
    expires_at: time,
    attachments: fc.array(fc.jsonValue()),
    signature: anyText,
    key_id: anyText,
    redelivered: fc.constant(true as const),
  },
  { requiredKeys: ['id', 'position', 'from', 'to', 'at', 'body'] },
);

/** As the library would have written it, read back. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a text that is put together by hand', () => {
  it('says of an envelope what JSON says of it, whatever it holds', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        expect(JSON.parse(envelopeText(envelope))).toEqual(plain(envelope));
      }),
      {
        numRuns: 1_000,
      },
    );
  });

  it('says of a deliver frame what JSON says of it', () => {
    fc.assert(
      fc.property(fc.array(envelopes, { maxLength: 3 }), fc.nat(), (messages, unread) => {
        const frame = { type: 'deliver', messages, unread } as const;
        expect(JSON.parse(deliverText(frame))).toEqual(plain(frame));
      }),
    );
  });

  it('says of a send what JSON says of it', () => {
    const reach = fc.record({
      address,
      recipients: fc.nat(),
      here: fc.nat(),
      absent: fc.array(name, { maxLength: 3 }),
    });
    const results: fc.Arbitrary<SendResult> = fc.record(
      {
        id,
        position: time,
        at: time,
        to: fc.array(reach, { maxLength: 3 }),
        held: fc.array(fc.record({ name, why: fc.constantFrom('unknown' as const, 'hops' as const) }), {
          maxLength: 3,
        }),
        duplicate: fc.constant(true as const),
      },
      { requiredKeys: ['id', 'position', 'at', 'to'] },
    );
    fc.assert(
      fc.property(fc.nat(), results, (request, result) => {
        const frame = { type: 'answer', id: request, result };
        expect(JSON.parse(answerText(request, resultText('send', result)))).toEqual(plain(frame));
      }),
    );
  });

  it('leaves to JSON what is rare', () => {
    expect(resultText('receipt', { changed: 2 })).toBe('{"changed":2}');
  });
});
