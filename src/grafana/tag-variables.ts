import { identifier } from '../sink/influx/influxql.js';
import type { ChartedMeasurement } from './charted.js';
import type { QueryVariable } from './variable.js';

/** Names that other variables of the dashboard use, or that Grafana reserves. */
const TAKEN = ['influxdb', 'prometheus', 'silent', 'timeFilter', 'interval', 'datasource'];

/** Tag names that identify a device, from the most to the least certain. */
const DEVICE_WORDS = [
  /^device$/i,
  /device/i,
  /sensor|meter|node|station|machine|thing/i,
  /client/i,
  /(^|_)(id|name|serial)$/i,
];

/** The variables of a dashboard for tags: one for each tag, shared by all measurements that have it. */
export class TagVariables {
  readonly #variables = new Map<string, QueryVariable>();

  constructor(measurements: readonly ChartedMeasurement[]) {
    const tags = [...new Set(measurements.flatMap((measurement) => measurement.tags))];
    const names = new Set(TAKEN);
    for (const tag of tags) {
      const owners = measurements.filter((measurement) => measurement.tags.includes(tag));
      const name = freeName(tag, names);
      names.add(name);
      const [only] = owners;
      const from = owners.length === 1 ? ` FROM ${identifier(only!.name)}` : '';
      const query = `SHOW TAG VALUES${from} WITH KEY = ${identifier(tag)}`;
      this.#variables.set(tag, { name, label: tag, query, isMulti: true });
    }
  }

  /** Returns the variables in the order of the tags. */
  specs(): QueryVariable[] {
    return [...this.#variables.values()];
  }

  /** Returns a condition for the chosen values of these tags; undefined without a tag. */
  filterOf(tags: readonly string[]): string | undefined {
    if (tags.length === 0) return undefined;
    return tags.map((tag) => `${identifier(tag)} =~ /^$${this.#variables.get(tag)!.name}$/`).join(' AND ');
  }

  /** Returns the tag that most likely identifies the device; undefined without a tag. */
  deviceTagOf(tags: readonly string[]): string | undefined {
    for (const word of DEVICE_WORDS) {
      const tag = tags.find((one) => word.test(one));
      if (tag !== undefined) return tag;
    }
    return tags.at(-1);
  }
}

/** Returns an unused name of letters, digits and `_`, as Grafana allows in `$name`. */
function freeName(tag: string, taken: ReadonlySet<string>): string {
  const plain = tag.replace(/[^A-Za-z0-9_]/g, '_').replace(/^_+/, '');
  const wanted = plain === '' || /^\d/.test(plain) ? `tag_${plain}` : plain;
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}_${number}`;
  return name;
}
