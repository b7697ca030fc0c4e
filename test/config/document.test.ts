import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configMarkdown, sampleConfig } from '../../src/config/document.ts';
import { loadConfig } from '../../src/config/load.ts';
import { OPTION_NAMES, OPTIONS, optionOf } from '../../src/config/options.ts';
import { tempDir } from '../support/temp-dir.ts';

const distinct = (words: ReadonlyArray<string | undefined>) => {
  const said = words.filter((word) => word !== undefined);
  expect(said).toEqual([...new Set(said)]);
};

describe('the table of settings', () => {
  it('has no flag, variable or key twice', () => {
    distinct(OPTION_NAMES.map((name) => optionOf(name).flag));
    distinct(OPTION_NAMES.flatMap((name) => [optionOf(name).env, optionOf(name).envFirst]));
    distinct(OPTION_NAMES.map((name) => optionOf(name).key));
  });

  it.each(OPTION_NAMES)('%s says what it is in a sentence, and has a place to come from', (name) => {
    const entry = optionOf(name);
    expect(entry.sentence).toMatch(/^[A-Z].*\.$/);
    expect(entry.flag ?? entry.env ?? entry.key).toBeDefined();
    expect(entry.flag ?? '--x').toMatch(/^--[a-z-]+$/);
    expect(entry.where.length).toBeGreaterThan(0);
  });

  it('has no flag and no file key for the token: ps and backups would show it', () => {
    expect('flag' in OPTIONS.token || 'key' in OPTIONS.token).toBe(false);
  });
});

describe('the document made of it', () => {
  it('names every setting, flag, variable and key', () => {
    const text = configMarkdown();
    for (const name of OPTION_NAMES) {
      const { flag, env, envFirst, key, sentence } = optionOf(name);
      for (const word of [name, flag, env, envFirst, key, sentence]) expect(text).toContain(word ?? '');
    }
  });

  it('is a table whose rows have as many cells as its head', () => {
    const rows = configMarkdown()
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(OPTION_NAMES.length + 2);
    for (const line of rows) expect(line.split('|')).toHaveLength(8);
  });

  it('reads as it did', () => {
    expect(configMarkdown()).toMatchSnapshot();
  });
});

it('the sample is a config.json that changes nothing', () => {
  const home = tempDir();
  const read = () => loadConfig({ where: ['serve', 'mcp', 'cli'], env: { CLAUDE_RELAY_HOME: home } });
  const before = read();
  writeFileSync(join(home, 'config.json'), sampleConfig(), { mode: 0o600 });
  expect(read().settings).toEqual(before.settings);
  expect(read().warnings).toEqual([]);
});
