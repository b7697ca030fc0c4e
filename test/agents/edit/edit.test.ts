import { describe, expect, it } from 'vitest';
import { behindMark, type Edit, joined } from '../../../src/agents/edit/edit.ts';

const MARK = '\ufeff';

/** Writes down what it was given. */
const plain: Edit = {
  put: (before) => ({ text: `<${before}>`, undo: {} }),
  take: (text) => (text === 'all ours' ? undefined : `(${text})`),
};
const edit = behindMark(plain);

describe('an edit behind a byte order mark', () => {
  it('sees the text without it, and leaves it where it is', () => {
    expect(edit.put(`${MARK}a`, 'f').text).toBe(`${MARK}<a>`);
    expect(edit.take(`${MARK}a`, 'f')).toBe(`${MARK}(a)`);
  });

  it('is the plain one where there is none, or no file', () => {
    expect(edit.put('a', 'f').text).toBe('<a>');
    expect(edit.put(undefined, 'f').text).toBe('<undefined>');
    expect(edit.take('a', 'f')).toBe('(a)');
  });

  it('lets the file go', () => {
    expect(edit.take(`${MARK}all ours`, 'f')).toBeUndefined();
  });

  it('takes a file of nothing but the mark for one of white space', () => {
    expect(edit.put(MARK, 'f').text).toBe(`<${MARK}>`);
  });
});

describe('what is remembered of two puts', () => {
  it('is what is remembered of the second, when there was no first', () => {
    expect(joined(undefined, { made: true, containers: [['a']], inside: [], rules: [] })).toEqual({
      made: true,
      containers: [['a']],
    });
  });

  it('is both, each thing once', () => {
    const first = { containers: [['a']], rules: ['r'] };
    const second = { containers: [['a'], ['a', 'b']], rules: ['r', 's'] };
    expect(joined(first, second)).toEqual({ containers: [['a'], ['a', 'b']], rules: ['r', 's'] });
  });

  it('is of one place what it was at first: by the second put we had been there', () => {
    const first = { made: true, blank: ' ', inside: [{ path: ['a'], text: '\n' }] };
    const second = {
      blank: '',
      inside: [
        { path: ['a'], text: '' },
        { path: ['b'], text: ' ' },
      ],
    };
    expect(joined(first, second)).toEqual({
      made: true,
      blank: ' ',
      inside: [
        { path: ['a'], text: '\n' },
        { path: ['b'], text: ' ' },
      ],
    });
  });
});
