/** The edit for files that are ours as a whole: a plugin, an extension, a file of hooks. */

import type { Edit } from './edit.ts';
import { notOurs } from './json.ts';

interface OwnedInput {
  /** Asked for only when it is needed: taking a file out works without what it was made from. */
  readonly content: () => string;
  /** Whether a file of this name is one of ours, of whatever version. */
  readonly isOurs: (text: string) => boolean;
}

export function ownedFile({ content, isOurs }: OwnedInput): Edit {
  return {
    put(before, file) {
      if (before !== undefined && !isOurs(before)) throw notOurs('What is', file, 'line 1');
      return { text: content(), undo: { made: true } };
    },
    take: (text) => (isOurs(text) ? undefined : text),
  };
}
