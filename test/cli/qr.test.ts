import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { qrLines } from '../../src/cli/qr.ts';
import { joinLine } from '../../src/protocol/people.ts';
import { which } from '../../src/util/which.ts';
import { tempDir } from '../support/temp-dir.ts';

const LINE = joinLine({
  addresses: ['wss://192.0.2.2:9999', 'wss://[2001:db8::2]:9999'],
  relay: 'Ab-_'.repeat(11).slice(0, 43),
  secret: 'Yz09'.repeat(6).slice(0, 22),
});

/** What the blocks of a terminal look like: full blocks are light, each line has two rows. */
const ROWS: Readonly<Record<string, readonly [upper: 0 | 1, lower: 0 | 1]>> = {
  '█': [0, 0],
  '▀': [0, 1],
  '▄': [1, 0],
  ' ': [1, 1],
};
/** Pixels of a module. */
const SCALE = 4;

/** As a picture: a PBM, where 1 is dark. */
function picture(lines: readonly string[]): string {
  const rows = lines.flatMap((line) =>
    [0, 1].map((row) => [...line].map((block) => String(ROWS[block]?.[row]).repeat(SCALE)).join('')),
  );
  const pixels = rows.flatMap((row) => Array.from({ length: SCALE }, () => row));
  return `P1\n${pixels[0]?.length} ${pixels.length}\n${pixels.join('\n')}\n`;
}

describe('a QR code', () => {
  const lines = qrLines(LINE);

  it('is a square of blocks, two rows a line, light around it', () => {
    const width = lines[0]?.length ?? 0;
    expect(lines.every((line) => line.length === width && /^[█▀▄ ]+$/.test(line))).toBe(true);
    expect(lines).toHaveLength(Math.ceil(width / 2));
    expect(lines[0]).toBe('█'.repeat(width));
    expect(lines.every((line) => line.startsWith('██') && line.endsWith('██'))).toBe(true);
  });

  it('has its three corners: dark, light, dark', () => {
    // The first rows of two finders: seven dark modules over one dark, five light, one dark.
    expect(lines[1]?.slice(2, 9)).toBe(' ▄▄▄▄▄ ');
    expect(lines[1]?.slice(-9, -2)).toBe(' ▄▄▄▄▄ ');
    expect(qrLines('another')).not.toEqual(lines);
  });

  // Debian's zbar-tools, of scripts/apt-packages.txt.
  it.runIf(which('zbarimg', process.env.PATH))('is read by a decoder that is not ours', () => {
    for (const text of [LINE, 'wss://relay.example/x']) {
      const file = join(tempDir(), 'code.pbm');
      writeFileSync(file, picture(qrLines(text)));
      const { status, stdout } = spawnSync('zbarimg', ['--quiet', '--raw', file], { encoding: 'utf8' });
      expect([status, stdout]).toEqual([0, `${text}\n`]);
    }
  });
});
