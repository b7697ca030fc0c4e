/** The rules of secretlint, asked directly: its own engine reads files and their comments, and we have a text and no files. */
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { Finding } from './main.ts';

/** What we use of one of its rules. */
interface LibraryRule {
  readonly meta: { readonly id: string };
  create(context: RuleContext, options: object): { file?(source: object): unknown };
}

interface RuleContext {
  createTranslator(): () => object;
  report(found: { readonly range: readonly [start: number, end: number] }): void;
}

/**
 * By the end of the rule's id. Not taken: `filter-comments`, by which a text would switch the search off; `gcp`, which wants
 * key files; `basicauth` and `database-connection-string`, whose work one rule of ours does for every scheme.
 */
const KINDS: Readonly<Record<string, string>> = {
  aws: 'AWS secret key',
  npm: 'npm token',
  slack: 'Slack token',
  openai: 'OpenAI key',
  anthropic: 'Anthropic key',
  linear: 'Linear key',
  privatekey: 'private key',
  sendgrid: 'SendGrid key',
  shopify: 'Shopify token',
  github: 'GitHub token',
  '1password': '1Password token',
};

const taken = rules.flatMap((rule: LibraryRule) => {
  const kind = KINDS[rule.meta.id.replace(/^.*-rule-/, '')];
  return kind === undefined ? [] : [{ kind, rule }];
});

export function libraryFindings(text: string): Finding[] {
  const source = { content: text, filePath: undefined, ext: '', contentType: 'text' };
  return taken.flatMap(({ kind, rule }) => {
    const found: Finding[] = [];
    // Its messages hold the secret: nothing of them is kept.
    const createTranslator = () => () => ({});
    const report: RuleContext['report'] = ({ range: [start, end] }) => found.push({ kind, ...whole(text, start, end) });
    rule.create({ createTranslator, report }, {}).file?.(source);
    return found;
  });
}

/** Some of its ranges begin at the name of a value and end within it: the value ends where its word does, and begins after its quote. */
function whole(text: string, start: number, end: number): Pick<Finding, 'start' | 'end'> {
  const rest = /[A-Za-z0-9/+=_-]*/y;
  rest.lastIndex = end;
  return { start: Math.max(start, text.lastIndexOf('"', end - 1) + 1), end: end + (rest.exec(text)?.[0].length ?? 0) };
}
