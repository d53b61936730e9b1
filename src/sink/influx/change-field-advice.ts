import { quoted } from '../../lib/printable.js';
import type { InfluxSettings } from './influx-options.js';

const REMOVALS: Readonly<Record<InfluxSettings['version'], (measurement: string) => string>> = {
  1: (measurement) => `DROP MEASUREMENT ${measurement}`,
  2: (measurement) =>
    `influx delete with --predicate '_measurement=${measurement}' from the first to the last value`,
  3: (measurement) => `influxdb3 delete table ${measurement}`,
};

/** How an operator removes a measurement. */
export function removalAdvice(version: InfluxSettings['version'], measurement: string): string {
  return REMOVALS[version](quoted(measurement));
}

/** What an operator does instead: InfluxDB cannot change the type of a field, nor drop one. */
export function changeFieldAdvice(version: InfluxSettings['version'], measurement: string): string {
  return (
    'InfluxDB cannot change the type of a field, nor drop one. Give the field another name in its rule, or set ' +
    'consumer.policies.type.otherwise: side-field. To begin again with an empty measurement: stop the gateway, copy what you ' +
    `want to keep, remove it in InfluxDB (${removalAdvice(version, measurement)}), start the gateway, and replay what is parked`
  );
}
