/** OpenCode, with one prompt and in a terminal. */
import { headlessContract, type Subject, terminalContract, versionContract } from './contract.ts';
import { OpenCode } from './opencode.ts';
import { needsPrograms } from './program.ts';

needsPrograms('opencode');

const make: Subject['make'] = (here, model) => new OpenCode(here, model, { name: 'OC-1' });

versionContract({ label: 'opencode', make });
headlessContract({ label: 'opencode', make });
terminalContract({ label: 'opencode', make });
