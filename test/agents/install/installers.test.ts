/** What `install` promises of every program: twice is once, and after `uninstall` every byte is as it was. */
import { readFileSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../src/agents/install/edit/change.ts';
import { PROGRAM_IDS } from '../../../src/agents/install/ids.ts';
import { INSTALLERS, installerOf } from '../../../src/agents/install/installers.ts';
import { programById } from '../../../src/agents/programs.ts';
import { FILES, install, uninstall, type World, world } from './programs.ts';
import { samplesOf, snapshot } from './samples.ts';

const PROGRAMS = PROGRAM_IDS.filter((id) => id !== 'generic');

const rows = PROGRAMS.flatMap((id) =>
  FILES[id].flatMap(({ role, format, takesMark = false, theirs }) =>
    samplesOf(format, theirs, takesMark).map(([name, make]) => ({ id, role, name, make })),
  ),
);

/** All but the state directory. */
function outside({ root, home }: World): Readonly<Record<string, string>> {
  const all = Object.entries(snapshot(root));
  return Object.fromEntries(all.filter(([path]) => path !== home && !path.startsWith(home + sep)));
}

describe('install and uninstall', () => {
  it.each(PROGRAMS)('are tried on at least twelve configurations of %s', (id) => {
    expect(rows.filter((row) => row.id === id).length).toBeGreaterThanOrEqual(12);
  });

  it('are tried on every file that an installer changes', () => {
    for (const id of PROGRAMS) {
      const roles = installerOf(id)
        .plan(world(), {})
        .files.map(({ role }) => role);
      expect(FILES[id].map(({ role }) => role)).toEqual(roles);
    }
  });

  it.each(rows)('leave $id as it was when $role is: $name', async ({ id, role, make }) => {
    const here = world();
    const { files } = installerOf(id).plan(here, {});
    make(files.find((file) => file.role === role)?.path ?? '');
    const before = outside(here);

    const changes = await install(here, id);
    const during = outside(here);
    const touched = Object.keys({ ...before, ...during }).filter((path) => before[path] !== during[path]);
    // Real paths: a directory on the way may be a link.
    const written = changes.flatMap(({ target, after, dirs }) => (after === undefined ? [] : [target.real, ...dirs]));
    const real = written.map((path) => realpathSync(path));
    expect(touched.filter((path) => !real.includes(path))).toEqual([]);
    const wanted = changes.filter(({ plan }) => plan.isWanted !== false);
    expect(wanted.map(({ after }) => after)).toEqual(wanted.map(({ target }) => readFileSync(target.path, 'utf8')));
    expect(wanted.every(({ after }) => after?.includes('claude-relay'))).toBe(true);

    expect((await install(here, id)).map(kindOf)).toEqual(changes.map(() => 'unchanged'));
    expect(outside(here)).toEqual(during);

    await uninstall(here, id);
    expect(outside(here)).toEqual(before);
  });

  it('of all programs at once leaves nothing behind', async () => {
    const here = world();
    const before = outside(here);
    for (const id of PROGRAMS) await install(here, id);
    for (const id of PROGRAMS) await uninstall(here, id);
    expect(outside(here)).toEqual(before);
  });
});

/** What follows `hook <program>`, in a line for a shell or in a list of arguments. */
function hookEvents(texts: readonly string[], id: string): string[] {
  const pattern = new RegExp(`\\bhook\\.cjs\\W+${id}\\W+(\\w+)`, 'g');
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, event]) => event ?? '')))];
}

describe('the hooks that are installed', () => {
  it.each(PROGRAMS)('into %s are those that its dialect understands', async (id) => {
    const changes = await install(world(), id);
    const events = hookEvents(
      changes.flatMap(({ after }) => after ?? []),
      id,
    );
    const dialect = programById(id)?.dialect;
    expect(events.filter((event) => dialect?.read({ program: id, event, input: {} }) === undefined)).toEqual([]);
    const asWhat = events.map((event) => dialect?.read({ program: id, event, input: {} })?.kind);
    // OpenCode is told by its plugin; VS Code has the hooks of others.
    if (id === 'opencode' || id === 'vscode') expect(events).toEqual([]);
    else expect(asWhat).toEqual(expect.arrayContaining(['start', 'tool', 'turn-end']));
  });
});

describe('every installer', () => {
  it.each(INSTALLERS.map((installer) => [installer.id, installer] as const))('%s says who it is', (id, installer) => {
    expect(installer.id).toBe(id);
    expect(installer.title).not.toBe('');
    for (const note of installer.plan(world(), {}).notes) expect(note).toMatch(/^[A-Z].*[.]$/);
  });
});
