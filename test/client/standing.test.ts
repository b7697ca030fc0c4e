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
    expect(standing.renamed(relay, 'Ada')).toEqual({ was: 'CC-1', now: 'Ada', why: 'renamed' });
    expect(standing.claim(relay)).toEqual({ name: 'Ada', key: 'k1' });
    expect(keys.load(relay, 'CC-1')).toBe('k1');
  });

  it('is no longer a substitute once it has chosen a name', () => {
    standing.welcomed(relay, welcome({ name: 'CC-1.2', key: 'k2', suffixed: true }));
    standing.renamed(relay, 'Ada');
    expect(standing.missed).toBeUndefined();
  });

  it('has nothing to rename before a name was granted, nor to the same name', () => {
    expect(standing.renamed(relay, 'Ada')).toBeUndefined();
    standing.welcomed(relay, welcome({ name: 'CC-1' }));
    expect(standing.renamed(relay, 'CC-1')).toBeUndefined();
  });

  it('tells a new epoch once', () => {
    expect(standing.welcomed(relay, welcome({ name: 'CC-1', epoch: 'e1' })).gap).toBeUndefined();
    expect(standing.welcomed(relay, welcome({ name: 'CC-1', epoch: 'e2' })).gap).toEqual({ was: 'e1', now: 'e2' });
    expect(standing.welcomed(relay, welcome({ name: 'CC-1', epoch: 'e2' })).gap).toBeUndefined();
  });

  it('goes on when a key cannot be written, and reports it', () => {
    const lost: string[] = [];
    const full: KeyStore = {
      load: () => undefined,
      save: () => {
        throw new Error('ENOSPC');
      },
    };
    const unlucky = new Standing('CC-1', full, (name) => lost.push(name));
    unlucky.welcomed(relay, welcome({ name: 'CC-1', key: 'k1' }));
    expect([unlucky.name, lost]).toEqual(['CC-1', ['CC-1']]);
  });
});
