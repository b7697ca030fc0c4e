/** Reads the wrapper back, as strictly as it is written: every line must be a tag, a quoted line, or stand before the first. */

export interface ParsedMessage {
  readonly header: Readonly<Record<string, string | true>>;
  readonly body: string;
}

const ATTRIBUTE = /([a-z_]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]+))?/y;

/** The attributes of an opening tag. Throws on anything that is not one. */
export function parseHeader(text: string): Record<string, string | true> {
  const header: Record<string, string | true> = {};
  let at = 0;
  while (at < text.length) {
    ATTRIBUTE.lastIndex = at;
    const found = ATTRIBUTE.exec(text);
    if (!found?.[1]) throw new Error(`no attribute at ${at} of ${text}`);
    if (found[1] in header) throw new Error(`${found[1]} twice in ${text}`);
    const value = found[2];
    header[found[1]] = value === undefined ? true : value.startsWith('"') ? String(JSON.parse(value)) : value;
    at = ATTRIBUTE.lastIndex;
    if (at < text.length && text[at++] !== ' ') throw new Error(`no blank at ${at} of ${text}`);
  }
  return header;
}

/** All messages below the notice. Throws when any line is neither tag nor quote. */
export function parseWrapper(text: string): ParsedMessage[] {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.startsWith('<message-'));
  const messages: ParsedMessage[] = [];
  for (let i = first; i >= 0 && i < lines.length; ) {
    const open = /^<message-([0-9a-z]{5}) (.*)>$/.exec(lines[i] ?? '');
    if (!open) throw new Error(`no opening tag in line ${i}: ${lines[i]}`);
    const body: string[] = [];
    for (i += 1; lines[i]?.startsWith('>'); i += 1) body.push((lines[i] ?? '').replace(/^> ?/, ''));
    if (lines[i] !== `</message-${open[1]}>`) throw new Error(`no closing tag in line ${i}: ${lines[i]}`);
    i += 1;
    messages.push({ header: parseHeader(open[2] ?? ''), body: body.join('\n') });
  }
  return messages;
}
