import { describe, expect, it } from 'vitest';
import { ownedFile } from '../../../src/agents/edit/owned.ts';

const edit = ownedFile({ content: () => '// ours, 2\n', isOurs: (text) => text.startsWith('// ours') });

describe('a file that is ours as a whole', () => {
  it('is written where there is none, or an older one', () => {
    expect(edit.put(undefined, 'f')).toEqual({ text: '// ours, 2\n', undo: { made: true } });
    expect(edit.put('// ours, 1\nchanged', 'f').text).toBe('// ours, 2\n');
  });

  it('is removed, also when its user changed it', () => {
    expect(edit.take('// ours, 1\nchanged', 'f')).toBeUndefined();
  });

  it('is never somebody else’s', () => {
    expect(() => edit.put('theirs', 'f')).toThrow('What is in f is something else than claude-relay (line 1).');
    expect(edit.take('theirs', 'f')).toBe('theirs');
  });

  it('can be taken out when what it was made from is gone', () => {
    const broken = ownedFile({ content: () => expect.fail('was asked'), isOurs: () => true });
    expect(broken.take('x', 'f')).toBeUndefined();
  });
});
