/**
 * Looks for secrets in text: by the rules of a kept library, and by our own for what it does not know. An entry of its own, so
 * that its file keeps its name: a session process loads it at its first send, which may be after an update. What it answers is
 * plain data for the same reason.
 */
import { libraryFindings } from './library.ts';
import { ownFindings } from './rules.ts';

export interface Finding {
  /** What it seems to be, as people call it: `GitHub token`. */
  readonly kind: string;
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
}

/** In the order of the text; where two rules see the same, the one that was sure of the kind. */
export function findSecrets(text: string): readonly Finding[] {
  const all = [...ownFindings(text), ...libraryFindings(text)].sort((a, b) => a.start - b.start || b.end - a.end);
  const found: Finding[] = [];
  for (const finding of all) {
    const last = found.at(-1);
    if (last === undefined || finding.start >= last.end) found.push(finding);
    else if (finding.end > last.end) found[found.length - 1] = { ...last, end: finding.end };
  }
  return found;
}

/** The text with a word in the place of each secret: `<GitHub token>`. */
export function redacted(text: string): string {
  let at = 0;
  let shown = '';
  for (const { kind, start, end } of findSecrets(text)) {
    shown += `${text.slice(at, start)}<${kind}>`;
    at = end;
  }
  return shown + text.slice(at);
}
