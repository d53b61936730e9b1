import type { LoadedConfig } from '../config/load-config.js';
import { type ConfigProblem, formatProblem } from '../config/problem.js';
import type { Logger } from '../lib/logger.js';

const MAX_LOGGED = 20;

/** Logs what is valid and hardly meant; called for each configuration that comes into force. */
export function logConfigWarnings({ warnings }: LoadedConfig, logger: Pick<Logger, 'warn'>): void {
  const ofWindows = warnings.filter(({ key }) => key.startsWith('windows.'));
  const ofReach = warnings.filter(({ key }) => key.startsWith('broker.') || key.startsWith('http.'));
  if (ofReach.length > 0) {
    const settings = shortened(ofReach);
    logger.warn({ code: 'ACCESS_UNPROTECTED', settings }, 'an address beyond this machine is not protected');
  }
  const rules = shortened(
    warnings.filter((warning) => !ofWindows.includes(warning) && !ofReach.includes(warning)),
  );
  if (rules.length > 0) {
    logger.warn({ code: 'RULES_UNREACHABLE', rules }, 'no record reaches some of the rules');
  }
  const windows = shortened(ofWindows);
  if (windows.length > 0) {
    logger.warn(
      { code: 'WINDOWS_WITHOUT_POINTS', windows },
      'an aggregate of windows names what no rule gives to points',
    );
  }
}

function shortened(warnings: readonly ConfigProblem[]): string[] {
  const lines = warnings.slice(0, MAX_LOGGED).map(formatProblem);
  if (warnings.length > MAX_LOGGED) lines.push(`and ${warnings.length - MAX_LOGGED} more`);
  return lines;
}
