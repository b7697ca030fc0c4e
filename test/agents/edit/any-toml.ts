/** TOML documents as people write them. The names of tables are unique, so that every one of them is valid. */
import fc from 'fast-check';

/** Values whose text has what a careless reader of lines would take for something else. */
const VALUES = [
  '1',
  'true',
  '"a # b"',
  "'[mcp_servers.relay]'",
  '1979-05-27T07:32:00Z',
  '[1, 2]',
  '[\n  [1, 2], # one\n  [3],\n]',
  '"""\n[mcp_servers.relay]\ncommand = "x" \\""" """',
  "'''\n[[hooks.Stop]]\n# no comment'''",
  '{ a = { b = "]" }, c = [ "#" ] }',
  '""""quoted""""',
] as const;

const KEYS = ['model', 'a-b', '"quo ted"', 'x.y', "'lit'"] as const;
const TABLES = [
  'tui',
  'mcp_servers.other',
  'mcp_servers."re lay"',
  'projects."/home/me/[x]"',
  'hooks.state."a:b"',
] as const;
const LISTS = ['profiles', 'hooks.Stop', 'hooks.Start'] as const;

const comment = fc.constantFrom('', '', ' # note', '   ', ' # [mcp_servers.relay]');
const between = fc.constantFrom('', '\n', '\n\n', '# a [comment]\n', '  \n');

const pairs = fc
  .uniqueArray(fc.record({ key: fc.constantFrom(...KEYS), value: fc.constantFrom(...VALUES), comment, between }), {
    selector: ({ key }) => key,
    maxLength: 3,
  })
  .map((all) => all.map((each) => `${each.key} = ${each.value}${each.comment}\n${each.between}`).join(''));

const tables = fc
  .uniqueArray(fc.record({ name: fc.constantFrom(...TABLES), pairs, comment, between }), {
    selector: ({ name }) => name,
    maxLength: 4,
  })
  .map((all) => all.map((each) => `[${each.name}]${each.comment}\n${each.pairs}${each.between}`));

const lists = fc
  .array(fc.record({ name: fc.constantFrom(...LISTS), pairs, comment, between }), { maxLength: 3 })
  .map((all) => all.map((each) => `[[${each.name}]]${each.comment}\n${each.pairs}${each.between}`));

export const anyToml: fc.Arbitrary<string> = fc
  .record({
    between,
    root: pairs,
    tables,
    lists,
    isCrlf: fc.boolean(),
    end: fc.constantFrom('as it is', 'no line break', 'more'),
  })
  .map(({ between: before, root, tables: named, lists: several, isCrlf, end }) => {
    const text = before + root + [...named, ...several].join('');
    const ended = end === 'more' ? `${text}\n\n  \n` : end === 'no line break' ? text.trimEnd() : text;
    return isCrlf ? ended.replaceAll('\n', '\r\n') : ended;
  });
