import { MappingWarnings } from '../../src/rules/mapped.js';
import type { RuleOptions } from '../../src/rules/rule-options.js';
import { compileRules } from '../../src/rules/rule-set.js';
import type { Point } from '../../src/sink/point.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { MEASUREMENT, TOPIC_FILTER } from '../processes/city-reading.js';
import { cityRecords } from './readings.js';
import { type Comparison, compare, type RoundSizes } from './rounds.js';

const DAY_MS = 86_400_000;

/** What the readings are mapped by. */
export const CITY_RULE: RuleOptions = {
  name: 'city-climate',
  topic: TOPIC_FILTER,
  measurement: MEASUREMENT,
  time: { path: 'timestamp', unit: 'ms', maxPastMs: DAY_MS, maxFutureMs: DAY_MS },
  tags: { city: { path: 'topic.city' }, device: { path: 'topic.device' } },
  fields: {
    temperature: { path: 'payload.temperature', type: 'float' },
    humidity: { path: 'payload.humidity', type: 'float' },
  },
};

/** A configured rule, decoding included, beside the same mapping written by hand without a single check. */
export function compareApply(sizes: RoundSizes): Promise<Comparison> {
  const records = cityRecords(2000);
  const apply = ruleApply();
  return compare(
    { name: 'decode + map: rule', alternative: 'JSON.parse + mapping by hand, unchecked' },
    () => {
      let points = 0;
      for (const record of records) points += apply(record).length;
      return points;
    },
    () => {
      let points = 0;
      for (const record of records) points += mappedByHand(record).length;
      return points;
    },
    sizes,
  );
}

/** The points of each record; throws when the rule parks or filters one: then something else is measured. */
export function ruleApply(): (record: StreamRecord) => readonly Point[] {
  const compiled = compileRules([CITY_RULE]);
  if (!compiled.ok) throw new Error(`the rule does not compile: ${JSON.stringify(compiled.problems)}`);
  const notes = new MappingWarnings();
  return (record) => {
    const mapped = compiled.ruleSet.apply(record, notes);
    if (mapped.kind !== 'points') throw new Error(`a reading was ${mapped.kind}`);
    return mapped.points;
  };
}

interface CityReading {
  readonly temperature: number;
  readonly humidity: number;
  readonly timestamp: number;
}

function mappedByHand({ topic, payload }: StreamRecord): Point[] {
  const reading = JSON.parse(payload.toString()) as CityReading;
  const [, city, device] = topic.split('/');
  return [
    {
      series: {
        measurement: MEASUREMENT,
        tags: [
          { name: 'city', value: city! },
          { name: 'device', value: device! },
        ],
      },
      fields: [
        { name: 'temperature', type: 'float', value: reading.temperature },
        { name: 'humidity', type: 'float', value: reading.humidity },
      ],
      timestampNs: BigInt(reading.timestamp) * 1_000_000n,
    },
  ];
}
