import { parseConfig } from '../../src/config/load-config.js';
import { formatProblem } from '../../src/config/problem.js';
import type { SluiceConfig } from '../../src/config/schema.js';

const DIRECTORY = '/etc/sluice';

export interface ParseOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

/** The problems of a configuration called sluice.yaml, formatted. */
export function problemsOf(
  yaml: string,
  { environment = {}, directory = DIRECTORY }: ParseOptions = {},
): string[] {
  const result = parseConfig(yaml, 'sluice.yaml', directory, environment);
  return result.ok ? [] : result.problems.map(formatProblem);
}

/** A configuration that must be right. */
export function configOf(
  yaml: string,
  { environment = {}, directory = DIRECTORY }: ParseOptions = {},
): SluiceConfig {
  const result = parseConfig(yaml, 'sluice.yaml', directory, environment);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.loaded.config;
}
