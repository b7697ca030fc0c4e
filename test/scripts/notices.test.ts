import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outdated, write } from '../../scripts/gen.mjs';
import { carriedNotice, notices, readNotice, renderNotices } from '../../scripts/notices.mjs';
import { tempDir } from '../support/temp-dir.ts';

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = tempDir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const manifest = (license?: unknown) => JSON.stringify({ name: 'dep', version: '1.2.3', license });

describe('the notice of a package', () => {
  it.each(['LICENSE', 'license', 'LICENCE.md', 'License.txt', 'COPYING', 'LICENSE-MIT'])(
    'has the text of %s',
    (name) => {
      const folder = folderWith({ 'package.json': manifest('MIT'), [name]: 'Permission\r\nis granted  \n' });
      expect(readNotice(folder)).toEqual({
        name: 'dep',
        version: '1.2.3',
        license: 'MIT',
        texts: ['Permission\nis granted'],
      });
    },
  );

  it('has the NOTICE too, which the Apache licence asks for', () => {
    const folder = folderWith({ 'package.json': manifest('Apache-2.0'), LICENSE: 'Apache', NOTICE: 'Made by X' });
    expect(readNotice(folder).texts).toEqual(['Apache', 'Made by X']);
  });

  it('has no other file', () => {
    const folder = folderWith({
      'package.json': manifest('MIT'),
      'README.md': 'read',
      'license-checker.js': 'code',
      LICENSES: 'x',
    });
    expect(readNotice(folder).texts).not.toContain('read');
    expect(readNotice(folder).texts).not.toContain('x');
  });

  it.each([[undefined], [{ type: 'MIT' }]])('is refused when the package names no licence: %j', (license) => {
    expect(() => readNotice(folderWith({ 'package.json': manifest(license) }))).toThrow('dep 1.2.3 names no licence');
  });
});

describe('the notice of a package inside another', () => {
  it('comes from the texts that lie here', () => {
    const folder = folderWith({ '@a+b@2.0.0.txt': 'Permission' });
    expect(carriedNotice(folder, '@a/b@2.0.0')).toMatchObject({
      name: '@a/b',
      version: '2.0.0',
      texts: ['Permission'],
    });
  });

  it('is refused when there is none', () => {
    expect(() => carriedNotice(tempDir(), 'a@1.0.0')).toThrow(/carries a@1\.0\.0; put its licence into/);
  });
});

describe('the notices', () => {
  const one = { version: '1.0.0', license: 'MIT', texts: ['Text of one.'] };

  it('come in order of name, then version, whatever the order they were found in', () => {
    const list = [
      { ...one, name: 'b' },
      { ...one, name: 'a', version: '2.0.0' },
      { ...one, name: 'a' },
      { ...one, name: 'B' },
    ];
    const heads = renderNotices(list).match(/^\S+ \d\.0\.0 \(MIT\)$/gm);
    expect(heads).toEqual(['B 1.0.0 (MIT)', 'a 1.0.0 (MIT)', 'a 2.0.0 (MIT)', 'b 1.0.0 (MIT)']);
    expect(renderNotices([...list].reverse())).toBe(renderNotices(list));
  });

  it('say so where a package brings no text', () => {
    expect(renderNotices([{ ...one, name: 'a', texts: [] }])).toContain('its package.json says: MIT.');
  });

  it('name what is bundled and what is installed, and not what is only for development', async () => {
    const dep = (name: string) => ({
      [`node_modules/${name}/package.json`]: JSON.stringify({
        name,
        version: '1.0.0',
        license: 'MIT',
        type: 'module',
        exports: './i.js',
      }),
      [`node_modules/${name}/i.js`]: `export const ${name} = [process.pid];`,
      [`node_modules/${name}/LICENSE`]: `Text of ${name}.`,
    });
    const root = folderWith({
      ...dep('bundled'),
      ...dep('runtime'),
      ...dep('tool'),
      'src/cli/main.ts': "import { bundled } from 'bundled';\nconsole.log(bundled);",
      'package-lock.json': JSON.stringify({
        packages: {
          '': {},
          'node_modules/runtime': {},
          'node_modules/bundled': { dev: true },
          'node_modules/tool': { dev: true },
        },
      }),
    });
    const text = await notices(root);
    expect(text).toContain('Text of bundled.');
    expect(text).toContain('Text of runtime.');
    expect(text).not.toContain('Text of tool.');
  });
});

describe('a generated file', () => {
  const texts = { 'docs/config.md': 'settings\n', NOTICES: 'thanks\n' };

  it('is out of date when it is not there, or says something else', () => {
    expect(outdated(folderWith({ NOTICES: 'thanks' }), texts)).toEqual(['docs/config.md', 'NOTICES']);
  });

  it('is up to date once written, folder and all', () => {
    const root = tempDir();
    write(root, texts, outdated(root, texts));
    expect(outdated(root, texts)).toEqual([]);
    expect(readFileSync(join(root, 'docs/config.md'), 'utf8')).toBe('settings\n');
  });

  it('is left alone when it is not among those to write', () => {
    const root = tempDir();
    write(root, texts, ['NOTICES']);
    expect(existsSync(join(root, 'docs/config.md'))).toBe(false);
  });
});
