/** Run by vitest at the beginning of each test file. */
import { afterEach } from 'vitest';
import { cleanUp } from './cleanup.ts';

afterEach(cleanUp);
