import { describe, expect, it } from 'vitest';
import { qrLines } from '../../src/cli/qr.ts';

describe('a QR code', () => {
  const lines = qrLines('wss://192.0.2.2:9999/ffff.ssss');

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
});
