/** `keep <unit>`, hidden: the process that keeps a service running where there is neither launchd nor systemd. */
import { statePaths } from '../../config/paths.ts';
import { keep } from '../../service/keep.ts';
import { keepRotating } from '../../service/rotate.ts';
import { isUnitName, UNITS } from '../../service/unit.ts';
import { EXIT, Failure, reason } from '../../util/failure.ts';
import type { Command } from '../command.ts';

export const keepCommand: Command = {
  name: 'keep',
  summary: 'Keep a service running; connect and service start call it where there is neither launchd nor systemd.',
  hidden: true,
  arguments: [{ name: 'unit', sentence: 'which', choices: UNITS }],
  examples: [{ line: 'claude-relay keep tunnel', says: 'until it is ended', needs: 'system' }],
  async run({ given, config, env, signal, out }) {
    const unit = given.required('unit');
    if (!isUnitName(unit)) throw new Failure('usage', `There is no service ${unit}.`);
    const { home } = config.settings;
    const rotating = keepRotating({ logs: statePaths(home).logs, onError: (error) => out.warn(reason(error)) });
    await keep({ home, unit, env, signal });
    rotating.cancel();
    return EXIT.ok;
  },
};
