import { loadAccessFile } from '../../config/access/load-access-file.js';
import type { LoadedConfig } from '../../config/load-config.js';
import { formatProblem } from '../../config/problem.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';

/** Whether the access file can be used, and what beyond this machine is open; undefined without an access file. */
export function checkAccessFile({
  config,
  warnings,
}: Pick<LoadedConfig, 'config' | 'warnings'>): CheckResult | undefined {
  const { accessFile } = config.broker;
  if (accessFile === undefined) return undefined;
  const loaded = loadAccessFile(accessFile);
  if (!loaded.ok) {
    return fail(
      'access',
      shown(loaded.problems.map(formatProblem)),
      'correct what the line names; `sluice check` lists all problems',
    );
  }
  const { users, roles, file } = loaded.rules;
  const ofReach = warnings.filter(({ key }) => key.startsWith('broker.') || key.startsWith('http.'));
  const found = [...ofReach, ...loaded.warnings].map(formatProblem);
  if (found.length > 0) {
    return warn(
      'access',
      shown(found),
      'change it, or leave it if it is meant; `sluice check` lists all warnings',
    );
  }
  return ok('access', `${file}: ${users.size} users, ${roles.size} roles`);
}

function shown([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}
