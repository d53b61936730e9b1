import { constantMeasurement, type RuleOptions } from '../rules/rule-options.js';
import type { MetricsConfig } from './sluice-config.js';

/** The measurements that the gateway writes its own metrics and events into; none when it writes none. */
export function selfMeasurements({ store }: Pick<MetricsConfig, 'store'>): readonly string[] {
  return store === undefined ? [] : [store.measurement, `${store.measurement}_events`];
}

/** Whether a rule always writes into one of them. A rule whose measurement messages name refuses these names itself. */
export function isOfSelfMetrics(
  measurement: RuleOptions['measurement'],
  metrics: Pick<MetricsConfig, 'store'>,
): boolean {
  const name = constantMeasurement(measurement);
  return name !== undefined && selfMeasurements(metrics).includes(name);
}
