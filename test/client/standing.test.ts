import { beforeEach, describe, expect, it } from 'vitest';
import { type KeyStore, MemoryKeys } from '../../src/client/keys.ts';
import { relayUrl } from '../../src/client/place.ts';
import { Standing } from '../../src/client/standing.ts';
import type { Welcome } from '../../src/protocol/frames.ts';

const relay = relayUrl('ws://localhost:9999');
const welcome = (extra: Partial<Welcome>): Welcome => ({
  type: 'welcome',
  v: 1,
  epoch: 'e1',
  position: 0,
  unread: 0,
  version: '1',
  ...extra,
});

let keys: MemoryKeys;
let standing: Standing;
beforeEach(() => {
  keys = new MemoryKeys();
  standing = new Standing('CC-1', keys, () => expect.unreachable());
});

describe('the standing at the relay', () => {
  it('claims the wanted name at first, with its key when there is one', () => {
    expect(standing.claim(relay)).toEqual({ name: 'CC-1' });
    keys.save(relay, 'CC-1', 'k1');
    expect(standing.claim(relay)).toEqual({ name: 'CC-1', key: 'k1' });
  });

  it('claims nothing for a client without a name', () => {
    const nameless = new Standing(undefined, keys, () => {});
    expect(nameless.claim(relay)).toEqual({});
    expect(nameless.welcomed(relay, welcome({}))).toEqual({});
    expect(nameless.name).toBeUndefined();
  });

  it('keeps the key that a welcome brings', () => {
    expect(standing.welcomed(relay, welcome({ name: 'CC-1', key: 'k1' }))).toEqual({});
    expect(standing.claim(relay)).toEqual({ name: 'CC-1', key: 'k1' });
    expect(standing.missed).toBeUndefined();
  });

  it('keeps the key that a welcome brings, also where what was known cannot be read', () => {
    keys.recall = () => {
      throw new Error('EMFILE');
    };
    expect(() => standing.welcomed(relay, welcome({ name: 'CC-1', key: 'k1' }))).toThrow('EMFILE');
    expect(standing.claim(relay)).toEqual({ name: 'CC-1', key: 'k1' });
  });

  it('claims the suffixed name with its own key from then on, and stays suffixed', () => {
    keys.save(relay, 'CC-1', 'k1');
    const first = standing.welcomed(relay, welcome({ name: 'CC-1.2', key: 'k2', suffixed: true }));
    expect(first.change).toEqual({ was: 'CC-1', now: 'CC-1.2', why: 'suffixed' });
    expect(standing.claim(relay)).toEqual({ name: 'CC-1.2', key: 'k2' });
    expect(standing.welcomed(relay, welcome({ name: 'CC-1.2' }))).toEqual({});
    expect([standing.name, standing.missed]).toEqual(['CC-1.2', 'CC-1']);
    expect(keys.load(relay, 'CC-1')).toBe('k1');
  });

  it('calls another name that is not a suffix a rename', () => {
    const { change } = standing.welcomed(relay, welcome({ name: 'Ada' }));
    expect(change).toEqual({ was: 'CC-1', now: 'Ada', why: 'renamed' });
    expect(standing.missed).toBeUndefined();
  });

  it('takes its key along to a new name, and leaves the old one its own', () => {
    standing.welcomed(relay, welcome({ name: 'CC-1', key: 'k1' }));
    expect(standing.renamed('Ada')).toEqual({ was: 'CC-1', now: 'Ada', why: 'renamed' });
    expect(standing.claim(relay)).toEqual({ name: 'Ada', key: 'k1' });
    expect(keys.load(relay, 'CC-1')).toBe('k1');
  });

  it('is no longer a substitute once it has chosen a name', () => {
    standing.welcomed(relay, welcome({ name: 'CC-1.2', key: 'k2', suffixed: true }));
    standing.renamed('Ada');
    expect(standing.missed).toBeUndefined();
  });

  it('has nothing to rename before a name was granted, nor to the same name', () => {
    expect(standing.renamed('Ada')).toBeUndefined();
    standing.welcomed(relay, welcome({ name: 'CC-1' }));
    expect(standing.renamed('CC-1')).toBeUndefined();
  });

  it('goes on when a key cannot be written, and reports it', () => {
    const lost: string[] = [];
    const full: KeyStore = {
      load: () => undefined,
      recall: () => undefined,
      save: () => {
        throw new Error('ENOSPC');
      },
    };
    const unlucky = new Standing('CC-1', full, (name) => lost.push(name));
    unlucky.welcomed(relay, welcome({ name: 'CC-1', key: 'k1' }));
    expect([unlucky.name, lost]).toEqual(['CC-1', ['CC-1']]);
  });
});

describe('a gap', () => {
  const named = (extra: Partial<Welcome>) => welcome({ name: 'CC-1', key: 'k1', ...extra });
  const gapAt = (extra: Partial<Welcome>, at = standing) => at.welcomed(relay, named(extra)).gap;
  const nextLife = () => new Standing('CC-1', keys, () => expect.unreachable());

  it('is another epoch, said once', () => {
    expect([gapAt({}), gapAt({ epoch: 'e2' }), gapAt({ epoch: 'e2' })]).toEqual([
      undefined,
      { why: 'replaced' },
      undefined,
    ]);
  });

  it('is not the first welcome of a session that knows of no relay', () => {
    expect(gapAt({ epoch: 'e9', position: 100 })).toBeUndefined();
  });

  it('is said by the next process of the session, too, until somebody was told', () => {
    gapAt({ epoch: 'e1' });
    expect(gapAt({ epoch: 'e2' }, nextLife())).toEqual({ why: 'replaced' });
    const told = nextLife();
    expect(gapAt({ epoch: 'e2' }, told)).toEqual({ why: 'replaced' });
    expect(gapAt({ epoch: 'e2' }, told)).toBeUndefined();
    expect(gapAt({ epoch: 'e2' }, nextLife())).toEqual({ why: 'replaced' });
    told.gapTold();
    expect(gapAt({ epoch: 'e2' }, nextLife())).toBeUndefined();
  });

  it('is the same epoch with a position before one that we know of', () => {
    gapAt({ position: 10 });
    standing.saw(12);
    standing.saw(11);
    expect([gapAt({ position: 12 }), gapAt({ position: 11 }), gapAt({ position: 11 })]).toEqual([
      undefined,
      { why: 'rolled back' },
      undefined,
    ]);
  });

  it('is not a smaller position of another epoch on top of that', () => {
    standing.saw(50);
    gapAt({ position: 60 });
    expect(gapAt({ epoch: 'e2', position: 3 })).toEqual({ why: 'replaced' });
    expect(gapAt({ epoch: 'e2', position: 3 })).toBeUndefined();
  });

  it('is what ended unread since the last time, counted', () => {
    gapAt({});
    expect(gapAt({ missed: 2 })).toEqual({ why: 'missed', count: 2 });
    expect(gapAt({ missed: 2 })).toBeUndefined();
    expect(gapAt({ missed: 5 })).toEqual({ why: 'missed', count: 3 });
    standing.gapTold();
    expect(gapAt({ missed: 6 }, nextLife())).toEqual({ why: 'missed', count: 1 });
  });

  it('counts from nothing after another epoch', () => {
    gapAt({ missed: 9 });
    expect(gapAt({ epoch: 'e2', missed: 3 })).toEqual({ why: 'replaced' });
    expect(gapAt({ epoch: 'e2', missed: 4 })).toEqual({ why: 'missed', count: 1 });
  });

  it('goes with the name: another name knows its own', () => {
    gapAt({ epoch: 'e1' });
    keys.save(relay, 'CC-1.2', 'k2', { epoch: 'e1', missed: 4 });
    const { gap } = standing.welcomed(relay, welcome({ name: 'CC-1.2', suffixed: true, missed: 5 }));
    expect(gap).toEqual({ why: 'missed', count: 1 });
  });

  it('goes along with a rename', () => {
    gapAt({ epoch: 'e1', missed: 1 });
    standing.gapTold();
    standing.renamed('Ada');
    const next = new Standing('Ada', keys, () => expect.unreachable());
    expect(next.welcomed(relay, welcome({ name: 'Ada', missed: 1 }))).toEqual({});
  });
});
