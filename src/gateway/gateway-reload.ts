import { type ConfigChanges, configChanges, type InForce, isApplicable } from '../config/config-changes.js';
import { BUILT_IN, type LoadedConfig } from '../config/load-config.js';
import { ConfigError, type ConfigProblem, formatProblem } from '../config/problem.js';
import {
  type AccessReload,
  RELOAD_OUTCOMES,
  type ReloadDone,
  type ReloadInvalid,
  type ReloadOutcome,
  type ReloadResult,
} from '../config/reload-result.js';
import { isSelfMeasurement } from '../config/self-measurements.js';
import { errorText, SluiceError } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import type { ReplaceRulesRequest } from '../pipeline/consume-protocol.js';
import { logConfigWarnings } from './config-warnings.js';
import { mappingOptions } from './gateway-options.js';

export interface ReloadDeps {
  /** The configuration that the process was started with. */
  readonly started: LoadedConfig;
  /** Reads the configuration again; rejects with a ConfigError. */
  readonly read: () => Promise<LoadedConfig>;
  /** Lets the consumer replace its rules; absent where none runs. Rejects with RELOAD_FAILED. */
  readonly replaceRules?: (request: ReplaceRulesRequest) => Promise<unknown>;
  /** Reads the access file again; absent without one. Never rejects. */
  readonly reloadAccess?: () => Promise<AccessReload | undefined>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

export interface RulesInUse {
  readonly loaded: LoadedConfig;
  readonly sinceMs: number;
}

/** Names in a log line; the answer of a reload has all of them. */
const MAX_LOGGED = 20;

/** Reloads the configuration of a running gateway, one reload at a time. A reload that is refused changes nothing. */
export class GatewayReload {
  readonly #deps: ReloadDeps;
  readonly #totals = Object.fromEntries(RELOAD_OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    ReloadOutcome,
    number
  >;
  #inForce: InForce;
  #inForceSinceMs = Date.now();
  #isRunning = false;
  #isSignalled = false;

  constructor(deps: ReloadDeps) {
    this.#deps = deps;
    this.#inForce = { started: deps.started, applied: deps.started };
  }

  /** How many reloads ended how since the start. */
  totals(): Readonly<Record<ReloadOutcome, number>> {
    return { ...this.#totals };
  }

  /** The configuration whose rules are in force, and since when they are. */
  get rulesInForce(): RulesInUse {
    return { loaded: this.#inForce.applied, sinceMs: this.#inForceSinceMs };
  }

  /**
   * Resolves when the new rules are in force, or with why nothing has changed. Rejects with RELOAD_BUSY while another reload
   * runs, and with RELOAD_FAILED.
   */
  async run(): Promise<ReloadResult> {
    if (this.#isRunning) throw new SluiceError('RELOAD_BUSY', 'another reload is running');
    this.#isRunning = true;
    try {
      // First, and on its own: a permission that is taken away must not wait for a valid configuration.
      const access = await this.#deps.reloadAccess?.();
      const result = await this.#reload();
      this.#totals[result.outcome] += 1;
      return access === undefined ? result : { ...result, access };
    } catch (thrown) {
      this.#totals.failed += 1;
      this.#deps.logger.warn(
        { code: 'CONFIG_RELOAD_REFUSED', reason: errorText(thrown) },
        'the new configuration could not be applied: the gateway goes on with the old one',
      );
      throw thrown;
    } finally {
      this.#isRunning = false;
      if (this.#isSignalled) this.onSignal();
    }
  }

  /** Reloads now, or once more after the one that runs: that may have read the file too early. */
  onSignal(): void {
    this.#isSignalled = this.#isRunning;
    // What is wrong is in the log.
    if (!this.#isRunning) this.run().catch(() => undefined);
  }

  async #reload(): Promise<ReloadResult> {
    const { started, replaceRules } = this.#deps;
    const next = await this.#read();
    if ('outcome' in next) return next;
    const file = next.file ?? BUILT_IN;
    const problems = selfMeasurementProblems(started, next);
    if (problems.length > 0)
      return this.#refuse({ outcome: 'invalid', file, code: 'CONFIG_INVALID', problems });
    const changes = configChanges(this.#inForce, next);
    const outcome = outcomeOf(changes, replaceRules !== undefined);
    if (outcome === 'applied') {
      await replaceRules?.({ kind: 'replace-rules', ...mappingOptions(next.config) });
      this.#inForceSinceMs = Date.now();
    }
    this.#inForce = { started, applied: next };
    logConfigWarnings(next, this.#deps.logger);
    this.#deps.logger.info({ file, ...loggedChanges(changes) }, SENTENCES[outcome]);
    return { outcome, file, changes };
  }

  async #read(): Promise<LoadedConfig | ReloadInvalid> {
    try {
      return await this.#deps.read();
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      const { code, problems } = thrown;
      const file = problems[0]?.file ?? BUILT_IN;
      return this.#refuse({ outcome: 'invalid', file, code, problems });
    }
  }

  #refuse(invalid: ReloadInvalid): ReloadInvalid {
    const { file, problems } = invalid;
    this.#deps.logger.warn(
      { code: 'CONFIG_RELOAD_REFUSED', file, problems: shortened(problems.map(formatProblem)) },
      'the new configuration is not valid: the gateway goes on with the old one',
    );
    return invalid;
  }
}

const SENTENCES: Readonly<Record<ReloadDone['outcome'], string>> = {
  applied: 'the configuration was reloaded: new rules are in force',
  unchanged: 'nothing to reload: the configuration has not changed',
  'restart-needed': 'nothing was reloaded: what has changed needs a restart',
  'no-consumer': 'nothing was reloaded: rules have changed, and no consumer runs in this process',
};

function outcomeOf(changes: ConfigChanges, isConsuming: boolean): ReloadDone['outcome'] {
  if (isApplicable(changes)) return isConsuming ? 'applied' : 'no-consumer';
  return changes.needRestart.length > 0 ? 'restart-needed' : 'unchanged';
}

/** Until the restart the gateway writes metrics and windows into the measurements that it was started with. */
function selfMeasurementProblems({ config }: LoadedConfig, next: LoadedConfig): ConfigProblem[] {
  // What was found is not shown: it may be the value of a variable.
  return next.config.rules.flatMap(({ measurement }, index) => {
    const path = ['rules', index, 'measurement'];
    if (!isSelfMeasurement(measurement, config)) return [];
    const expected = 'a measurement that the gateway itself does not write into until it is restarted';
    return [{ ...next.locationOf(path), key: next.keyOf(path), expected }];
  });
}

/** The fields of the log line: what has not changed is omitted. */
function loggedChanges({ rules, settings, needRestart }: ConfigChanges): Record<string, unknown> {
  const { added, removed, changed, reordered } = rules;
  const lists = Object.entries({ added, removed, changed, settings, needRestart });
  return {
    ...Object.fromEntries(
      lists.filter(([, names]) => names.length > 0).map(([key, names]) => [key, shortened(names)]),
    ),
    ...(reordered && { reordered }),
  };
}

function shortened(names: readonly string[]): readonly string[] {
  if (names.length <= MAX_LOGGED) return names;
  return [...names.slice(0, MAX_LOGGED), `… and ${names.length - MAX_LOGGED} more`];
}
