import type { Clock } from '../clock.js';
import type { SinkConfig } from '../config/sluice-config.js';
import type { RuleOptions } from '../consumer/rules/rule-options.js';
import { compileRules, type RuleSet } from '../consumer/rules/rule-set.js';
import { SluiceError } from '../errors.js';
import { DuckdbSink } from '../sink/duckdb/duckdb-sink.js';
import { InfluxSink } from '../sink/influx/influx-sink.js';
import type { Sink } from '../sink/sink.js';
import type { Warn } from '../warnings.js';

/** Throws CONFIG_INVALID with the first problem. */
export function compileOrThrow(rules: readonly RuleOptions[]): RuleSet {
  const compiled = compileRules(rules);
  if (compiled.ok) return compiled.ruleSet;
  const first = compiled.problems[0]!;
  throw new SluiceError(
    'CONFIG_INVALID',
    `rule ${first.rule}: ${first.path.join('.')}: got ${first.got}, expected ${first.expected}`,
  );
}

export function createSink(options: SinkConfig, clock: Clock, warn: Warn): Sink {
  return options.kind === 'influx'
    ? new InfluxSink(options.influx, { clock, warn })
    : new DuckdbSink(options.duckdb, { clock, warn });
}
