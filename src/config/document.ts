/** What is generated from the table of settings: `docs/config.md` and a sample of config.json. */
import { OPTION_NAMES, type Option, type OptionName, optionOf } from './options.ts';

const INTRO = `# Settings

Generated from \`src/config/options.ts\` by \`npm run gen\`; change it there.

A flag outranks an environment variable, that outranks \`config.json\` in the state directory, that outranks the default.
One exception: \`CLAUDE_RELAY_SESSION_ID\` outranks \`--client-id\`, which outranks \`RELAY_CLIENT_ID\`. An empty variable counts as
none. Lists are separated by commas in a variable, and by repeating the flag on the command line.
`;

export function configMarkdown(): string {
  const head = ['| setting | flag | variable | key in config.json | default | used by |', '|---|---|---|---|---|---|'];
  const rows = OPTION_NAMES.map(row);
  const sentences = OPTION_NAMES.map((name) => `- \`${name}\`: ${optionOf(name).sentence}`);
  const sample = ['## A sample config.json', '', '```json', sampleConfig().trimEnd(), '```'];
  return `${[INTRO, ...head, ...rows, '', ...sentences, '', ...sample].join('\n')}\n`;
}

function row(name: OptionName): string {
  const entry = optionOf(name);
  const flag = entry.flag && (entry.value ? `${entry.flag} <${entry.value}>` : entry.flag);
  const variables = [entry.envFirst, entry.env].filter((variable) => variable !== undefined);
  const cells = [name, flag, variables.map(code).join(', '), entry.key, defaultText(entry)];
  const [first, second, third, fourth, fifth] = cells;
  return `| ${code(first)} | ${code(second)} | ${third} | ${code(fourth)} | ${fifth} | ${entry.where.join(', ')} |`;
}

const code = (text: string | undefined): string => (text === undefined ? '' : `\`${text}\``);

/** Also what help says after each flag. */
export function defaultText(entry: Option): string {
  if (entry.computed !== undefined) return entry.computed;
  if (entry.default === undefined) return 'none';
  return Array.isArray(entry.default) && entry.default.length === 0 ? 'none' : String(entry.default);
}

/** Every key with its default; keys whose default depends on other things are left out. */
export function sampleConfig(): string {
  const pairs = OPTION_NAMES.map(optionOf).flatMap((entry) =>
    entry.key === undefined || entry.default === undefined ? [] : [[entry.key, entry.default] as const],
  );
  return `${JSON.stringify(Object.fromEntries(pairs), undefined, 2)}\n`;
}
