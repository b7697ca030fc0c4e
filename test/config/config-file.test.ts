import { chmodSync, existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyChange, isApplied, relayUrlChange, undoChange } from '../../src/config/config-file.ts';
import { loadConfig } from '../../src/config/load.ts';
import { memoryDir, tempDir } from '../support/temp-dir.ts';

const URL = 'ws://127.0.0.1:9998';

/** A state directory with this text in its config.json. */
function withConfig(text: string | undefined, home = tempDir()) {
  const path = join(home, 'config.json');
  if (text !== undefined) writeFileSync(path, text);
  return { home, path, text: () => (existsSync(path) ? readFileSync(path, 'utf8') : undefined) };
}

describe('the address of the relay in config.json', () => {
  it.each([
    [undefined, `{\n  "relayUrl": "${URL}"\n}\n`],
    ['{}', `{\n  "relayUrl": "${URL}"\n}`],
    ['{"keep":"1d"}', `{"keep":"1d","relayUrl": "${URL}"}`],
    ['{\n\t"keep": "1d"\n}\n', `{\n\t"keep": "1d",\n  "relayUrl": "${URL}"\n}\n`],
    ['{ "relayUrl" : "ws://x" , "keep":"1d"}', `{ "relayUrl" : "${URL}" , "keep":"1d"}`],
  ])('is put into %j, and every other byte stays', (before, after) => {
    const { home, text } = withConfig(before);
    const change = relayUrlChange(home, URL);
    expect([text(), isApplied(home, change)]).toEqual([before, false]);
    applyChange(home, change);
    expect(JSON.parse(text() ?? '')).toEqual(JSON.parse(after));
    expect([text()?.replaceAll(/\s/g, ''), isApplied(home, change)]).toEqual([after.replaceAll(/\s/g, ''), true]);
    const { settings, from, warnings } = loadConfig({ where: ['cli'], env: { CLAUDE_RELAY_HOME: home } });
    expect([settings.relayUrl, from.relayUrl, warnings]).toEqual([URL, 'file', []]);
    undoChange(home, change);
    expect(text()).toBe(before);
    undoChange(home, change);
    expect(text()).toBe(before);
  });

  it('leaves whatever the file held as it was, of any settings in any layout', () => {
    const home = memoryDir();
    const settings = fc.dictionary(
      fc.string({ maxLength: 8 }).filter((key) => key !== '__proto__'),
      fc.jsonValue({ maxDepth: 2 }),
      { maxKeys: 5 },
    );
    fc.assert(
      fc.property(
        settings,
        fc.constantFrom(undefined, 1, 2, '\t'),
        fc.constantFrom('', '\n', '\n\n'),
        (value, indent, end) => {
          const { path, text } = withConfig(JSON.stringify(value, undefined, indent) + end, home);
          const before = text();
          const change = relayUrlChange(home, URL);
          applyChange(home, change);
          expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...JSON.parse(before ?? ''), relayUrl: URL });
          undoChange(home, change);
          expect(text()).toBe(before);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    ['{ "keep": "1d" }', '"keep": "1d"', '"keep": "2d"', { keep: '2d' }],
    ['{ "relayUrl": "ws://x", "keep": "1d" }', '"keep": "1d"', '"keep": "2d"', { relayUrl: 'ws://x', keep: '2d' }],
    [undefined, '\n}', ',\n  "keep": "2d"\n}', { keep: '2d' }],
    ['{ "keep": "1d" }', URL, 'ws://mine', { keep: '1d', relayUrl: 'ws://mine' }],
  ])('of %j that was edited meanwhile, only ours is taken out', (before, from, to, left) => {
    const { home, path, text } = withConfig(before);
    const change = relayUrlChange(home, URL);
    applyChange(home, change);
    writeFileSync(path, (text() ?? '').replace(from, to));
    expect(isApplied(home, change)).toBe(false);
    undoChange(home, change);
    expect(JSON.parse(text() ?? '')).toEqual(left);
  });

  it('does not come back when the file was removed meanwhile', () => {
    const { home, path, text } = withConfig('{}');
    const change = relayUrlChange(home, URL);
    expect(path).toContain(home);
    undoChange(home, change);
    expect(text()).toBe('{}');
    const other = withConfig(undefined);
    undoChange(other.home, change);
    expect(other.text()).toBeUndefined();
  });

  it('keeps the mode of the file; a new one is private', () => {
    const { home, path } = withConfig('{}');
    chmodSync(path, 0o644);
    const change = relayUrlChange(home, URL);
    applyChange(home, change);
    expect(lstatSync(path).mode & 0o777).toBe(0o644);
    undoChange(home, change);
    expect(lstatSync(path).mode & 0o777).toBe(0o644);
    const other = withConfig(undefined);
    applyChange(other.home, relayUrlChange(other.home, URL));
    expect(lstatSync(other.path).mode & 0o777).toBe(0o600);
  });

  it('is not written through a link, nor into a file that others write', () => {
    const { home } = withConfig(undefined);
    const { path } = withConfig('{}');
    symlinkSync(path, join(home, 'config.json'));
    expect(() => relayUrlChange(home, URL)).toThrow('is a symbolic link.');
    const loose = withConfig('{}');
    chmodSync(loose.path, 0o666);
    expect(() => relayUrlChange(loose.home, URL)).toThrow('open to other users');
  });
});
