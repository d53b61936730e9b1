import { MappingWarnings } from '../../src/rules/mapped.js';
import { DEFAULT_RULES, type RuleOptions } from '../../src/rules/rule-options.js';
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

/** A condition and two fields more than CITY_RULE. */
const FOUR_FIELDS_RULE: RuleOptions = {
  ...CITY_RULE,
  where: 'payload.temperature > -60.0',
  fields: {
    ...(CITY_RULE.fields as Exclude<RuleOptions['fields'], 'auto'>),
    heat: { path: 'payload.temperature', type: 'float' },
    damp: { path: 'payload.humidity', type: 'float' },
  },
};

const BY_HAND = 'JSON.parse + mapping by hand, unchecked';

/** Rules, decoding included, each beside the mapping of CITY_RULE written by hand without a single check. */
export async function compareApply(sizes: RoundSizes): Promise<Comparison[]> {
  const records = cityRecords(2000);
  const cases: readonly (readonly [name: string, rules: readonly RuleOptions[]])[] = [
    ['decode + map: rule', [CITY_RULE]],
    ['decode + map: four fields, where', [FOUR_FIELDS_RULE]],
    ['decode + map: built-in rule', DEFAULT_RULES],
  ];
  const comparisons: Comparison[] = [];
  for (const [name, rules] of cases) {
    const apply = ruleApply(rules);
    const ours = () => records.reduce((points, record) => points + apply(record).length, 0);
    const theirs = () => records.reduce((points, record) => points + mappedByHand(record).length, 0);
    comparisons.push(await compare({ name, alternative: BY_HAND }, ours, theirs, sizes));
  }
  return comparisons;
}

/** The points of each record; throws when a rule parks or filters one: then something else is measured. */
export function ruleApply(
  rules: readonly RuleOptions[] = [CITY_RULE],
): (record: StreamRecord) => readonly Point[] {
  const compiled = compileRules(rules);
  if (!compiled.ok) throw new Error(`the rules do not compile: ${JSON.stringify(compiled.problems)}`);
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
