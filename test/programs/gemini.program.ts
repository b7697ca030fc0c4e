/** Gemini, with one prompt and in a terminal. */
import { headlessContract, type Subject, terminalContract, versionContract } from './contract.ts';
import { Gemini } from './gemini.ts';
import { needsPrograms } from './program.ts';

needsPrograms('gemini');

const make: Subject['make'] = (here, model) => new Gemini(here, model, { name: 'GM-1' });

versionContract({ label: 'gemini', make });
headlessContract({ label: 'gemini', make });
terminalContract({ label: 'gemini', make });
