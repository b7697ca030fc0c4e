/** A QR code for a terminal: two rows of modules a line, light on dark, with the margin that readers want. */
import { encode } from 'uqr';

const MARGIN = 2;
/** By the upper module and the lower one; a full block is light. */
const BLOCKS = ['█', '▀', '▄', ' '] as const;

export function qrLines(text: string): string[] {
  const { data, size } = encode(text, { border: MARGIN, ecc: 'L' });
  const isDark = (y: number, x: number) => data[y]?.[x] === true;
  const lines: string[] = [];
  for (let y = 0; y < size; y += 2) {
    let line = '';
    for (let x = 0; x < size; x++) line += BLOCKS[(isDark(y, x) ? 2 : 0) + (isDark(y + 1, x) ? 1 : 0)];
    lines.push(line);
  }
  return lines;
}
