/** Disks, networks and system calls of our own are for root on Linux. Nothing else may be skipped. */
import { it } from 'vitest';

export const itAsRoot = it.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0);
