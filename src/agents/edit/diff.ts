/** A change as a unified diff, for people to read and for `patch`. */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { type Change, kindOf } from './change.ts';

/** Empty when nothing changes. Lines around a change may hold what the user keeps in the file, as in every diff. */
export function unifiedDiff(change: Change): string {
  const { target, after, plan } = change;
  if (kindOf(change) === 'unchanged') return '';
  const [from, to] = [
    target.text === undefined ? '/dev/null' : target.path,
    after === undefined ? '/dev/null' : target.path,
  ];
  if (plan.source !== undefined) return `--- ${from}\n+++ ${to}\n${inWords(change, plan.source)}\n`;
  const options = { context: 2, headerOptions: FILE_HEADERS_ONLY };
  const diff = createTwoFilesPatch(from, to, target.text ?? '', after ?? '', undefined, undefined, options);
  return diff.replaceAll('\r\n', '\n');
}

/** A program's worth of text is nothing to read. */
function inWords({ after }: Change, source: string): string {
  return after === undefined ? '(all of it)' : `(the text of ${source}: ${after.split('\n').length} lines)`;
}
