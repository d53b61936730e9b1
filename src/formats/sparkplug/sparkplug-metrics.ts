import { quoted } from '../../lib/printable.js';
import { reachesPrototype } from '../forbidden-key.js';
import { ExactNumber, type JsonLimits, type JsonObject, type JsonValue } from '../json/json-value.js';
import { type Rejected, rejected } from '../payload-format.js';
import type { BornMetric } from './sparkplug-births.js';
import { datatypeName, metricValue, plainInteger } from './sparkplug-value.js';
import type { WireMetric, WirePayload, WireProperty } from './sparkplug-wire.js';

/** UTF-16 units of a metric's name; DATA repeats it by a few bytes, so that a long one would cost much. */
const MAX_NAME_LENGTH = 1_024;

/** What the births say of a metric. */
export interface KnownMetrics {
  byAlias(alias: string): BornMetric | undefined;
  byName(name: string): BornMetric | undefined;
}

export interface ReadMetrics {
  readonly ok: true;
  readonly metrics: JsonObject[];
  /** Of the metrics with a name, for a birth. */
  readonly born: BornMetric[];
  /** Whether a number that is not finite became null. */
  readonly isRepaired: boolean;
}

/**
 * Makes the metrics of a message complete: name and data type come from the metric itself, else from a birth. `isPartial`: one
 * that no birth explains stays without name or value, instead of rejecting the message.
 */
export function readMetrics(
  wire: WirePayload,
  known: KnownMetrics,
  limits: JsonLimits,
  isPartial: boolean,
): ReadMetrics | Rejected {
  const metrics: JsonObject[] = [];
  const born: BornMetric[] = [];
  let isRepaired = false;
  for (const [index, metric] of wire.metrics.entries()) {
    const read = readMetric(metric, wire, known, limits, isPartial);
    if ('ok' in read) return rejected(read.code, `metric ${index + 1}: ${read.reason}`);
    if (read.born !== undefined) born.push(read.born);
    if (read.isRepaired) isRepaired = true;
    metrics.push(read.metric);
  }
  return { ok: true, metrics, born, isRepaired };
}

interface ReadMetric {
  readonly metric: JsonObject;
  readonly born?: BornMetric;
  readonly isRepaired: boolean;
}

function readMetric(
  wire: WireMetric,
  payload: WirePayload,
  known: KnownMetrics,
  limits: JsonLimits,
  isPartial: boolean,
): ReadMetric | Rejected {
  const { alias, value } = wire;
  const aliasText = alias === undefined ? null : String(alias);
  const birth = birthOf(wire, aliasText, known);
  const name = wire.name || birth?.[0];
  const own = datatypeName(wire.datatype, value);
  const datatype = own === 'Unknown' ? (birth?.[1] ?? own) : own;
  if (!isPartial) {
    if (name === undefined && aliasText === null) return rejected('payload-not-decodable', 'it has no name');
    if (name === undefined) return rejected('sparkplug-no-birth', `no birth explains the alias ${aliasText}`);
    const needsType = value?.kind === 'int' || value?.kind === 'long';
    if (datatype === 'Unknown' && needsType) {
      return rejected('sparkplug-no-birth', `no birth gives the data type of ${quoted(name)}`);
    }
  }
  if (name !== undefined && name.length > MAX_NAME_LENGTH) {
    const length = `has ${name.length} characters; at most ${MAX_NAME_LENGTH} are allowed`;
    return rejected('payload-forbidden-key', `the name ${quoted(name)} ${length}`);
  }
  const read = wire.properties === undefined ? undefined : propertiesOf(wire.properties, limits);
  if (read?.ok === false) return read;
  const properties = read?.properties;
  const stored = wire.isNull === true ? null : metricValue(datatype, value);
  const timestamp = wire.timestamp ?? payload.timestamp;
  const metric: JsonObject = {
    ...(name !== undefined && { name }),
    ...(alias !== undefined && { alias: plainInteger(alias) }),
    ...(timestamp !== undefined && { timestamp: plainInteger(timestamp) }),
    datatype,
    ...(stored === undefined ? { unsupported: true } : { value: stored }),
    ...(wire.isHistorical === true && { isHistorical: true }),
    ...(wire.isTransient === true && { isTransient: true }),
    ...(wire.isNull === true && { isNull: true }),
    ...(properties !== undefined && { properties }),
  };
  const isNumber = value?.kind === 'float' || value?.kind === 'double';
  return {
    metric,
    ...(name !== undefined && { born: [name, datatype, aliasText] }),
    isRepaired: isNumber && !Number.isFinite(value.value) && stored === null,
  };
}

function birthOf(wire: WireMetric, alias: string | null, known: KnownMetrics): BornMetric | undefined {
  if (wire.name) return known.byName(wire.name);
  return alias === null ? undefined : known.byAlias(alias);
}

interface ReadProperties {
  readonly ok: true;
  readonly properties: JsonObject;
}

/** Properties that have no form for stores are omitted. */
function propertiesOf(properties: readonly WireProperty[], limits: JsonLimits): ReadProperties | Rejected {
  const object: JsonObject = {};
  for (const { key, datatype, isNull, value } of properties) {
    if (reachesPrototype(key) || key.length > limits.maxKeyLength) {
      return rejected('payload-forbidden-key', `the property ${quoted(key)} is not allowed`);
    }
    if (Object.hasOwn(object, key)) {
      return rejected('payload-duplicate-key', `the property ${quoted(key)} appears twice`);
    }
    const stored = isNull === true ? null : metricValue(datatypeName(datatype, value), value);
    if (stored !== undefined) object[key] = stored;
  }
  return { ok: true, properties: object };
}

/** Whether a message with these metrics holds an ExactNumber: an integer is always one. */
export function holdsExact(value: JsonValue): boolean {
  if (value instanceof ExactNumber) return true;
  if (typeof value !== 'object' || value === null) return false;
  return (Array.isArray(value) ? value : Object.values(value)).some(holdsExact);
}
