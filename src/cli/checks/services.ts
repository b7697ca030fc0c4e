/** The check of what is kept running in the background. */
import { existsSync } from 'node:fs';
import type { Supervisor } from '../../service/supervisor.ts';
import { UNITS, type UnitName } from '../../service/unit.ts';
import { type Finding, fail, failed, ok } from './finding.ts';

/** Nothing is asked of the supervisor when nothing was installed: it may not even be there. `having` answers the one that has a unit. */
export async function checkServices(having: (unit: UnitName) => Supervisor): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const unit of UNITS) findings.push(await checkService(having(unit), unit));
  return findings;
}

async function checkService(supervisor: Supervisor, unit: UnitName): Promise<Finding> {
  const check = unit === 'relay' ? 'service' : unit;
  if (!existsSync(supervisor.file(unit))) return ok(check, `No ${unit} is installed as a service.`);
  try {
    const { isRunning, state, pid } = await supervisor.status(unit);
    if (isRunning)
      return ok(check, `The ${unit} runs under ${supervisor.name}${pid === undefined ? '' : ` as process ${pid}`}.`);
    return fail(
      check,
      `The ${unit} is installed and does not run: ${state}.`,
      `See: claude-relay service logs ${unit}`,
    );
  } catch (error) {
    return failed(check, error);
  }
}
