import type { LoadedConfig } from '../config/load-config.js';
import { formatProblem } from '../config/problem.js';
import type { Logger } from '../lib/logger.js';

const MAX_LOGGED = 20;

/** Logs which rules no record reaches; called for each configuration that comes into force. */
export function logConfigWarnings({ warnings }: LoadedConfig, logger: Pick<Logger, 'warn'>): void {
  if (warnings.length === 0) return;
  const rules = warnings.slice(0, MAX_LOGGED).map(formatProblem);
  if (warnings.length > MAX_LOGGED) rules.push(`and ${warnings.length - MAX_LOGGED} more`);
  logger.warn({ code: 'RULES_UNREACHABLE', rules }, 'no record reaches some of the rules');
}
