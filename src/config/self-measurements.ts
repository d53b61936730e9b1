import { constantMeasurement, type RuleOptions } from '../rules/rule-options.js';
import type { MetricsConfig, SluiceConfig } from './sluice-config.js';

interface Writers {
  readonly metrics: Pick<MetricsConfig, 'store'>;
  readonly windows?: SluiceConfig['windows'];
}

/** The measurements that the gateway itself writes: its own metrics and events, and the rows of windows. */
export function selfMeasurements({ metrics: { store }, windows }: Writers): readonly string[] {
  const ofMetrics = store === undefined ? [] : [store.measurement, `${store.measurement}_events`];
  const resolutions = windows?.aggregates.flatMap((aggregate) => aggregate.resolutions) ?? [];
  return [...ofMetrics, ...resolutions.map(({ measurement }) => measurement)];
}

/** Whether a rule always writes into one of them. A rule whose measurement messages name refuses these names itself. */
export function isSelfMeasurement(measurement: RuleOptions['measurement'], writers: Writers): boolean {
  const name = constantMeasurement(measurement);
  return name !== undefined && selfMeasurements(writers).includes(name);
}
