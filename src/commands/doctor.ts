import { type LoadedConfig, openConfig } from '../config/load-config.js';
import { ConfigError } from '../config/problem.js';
import { type CheckResult, fail } from './doctor/check-result.js';
import { examine } from './doctor/examine.js';
import { checkText, reportJson, summaryText } from './doctor/report.js';
import { readClocks } from './doctor/wall-clock.js';
import type { ConfigOptions } from './options.js';

export interface DoctorOptions extends ConfigOptions {
  /** One object with all checks, instead of lines. */
  readonly json: boolean;
}

/**
 * `sluice doctor`: whether a gateway of this configuration can do its work here, and what to mend. Changes nothing;
 * works beside a running gateway. Exit code 1 when a check failed, 2 when the configuration is invalid.
 */
export async function doctor({ config, json }: DoctorOptions): Promise<number> {
  const began = readClocks();
  let loaded: LoadedConfig;
  try {
    loaded = await openConfig(config);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    if (json) process.stdout.write(reportJson([invalidConfig(thrown)]));
    process.stderr.write(`${thrown.message}\n`);
    return thrown.exitCode;
  }
  const results: CheckResult[] = [];
  for await (const result of examine(loaded, began)) {
    results.push(result);
    if (!json) process.stdout.write(checkText(result));
  }
  process.stdout.write(json ? reportJson(results) : `\n${summaryText(results)}`);
  return results.some(({ state }) => state === 'fail') ? 1 : 0;
}

function invalidConfig(error: ConfigError): CheckResult {
  return fail('configuration', error.message, 'mend each of the lines');
}
