/** Copilot, with one prompt and in a terminal. */
import { headlessContract, type Subject, terminalContract, versionContract } from './contract.ts';
import { Copilot } from './copilot.ts';
import { needsPrograms } from './program.ts';

needsPrograms('copilot');

const make: Subject['make'] = (here, model) => new Copilot(here, model, { name: 'CP-1' });

versionContract({ label: 'copilot', make });
headlessContract({ label: 'copilot', make });
terminalContract({ label: 'copilot', make });
