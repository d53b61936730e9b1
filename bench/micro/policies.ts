import { StateTables } from '../../src/lib/state-tables.js';
import { MappingWarnings } from '../../src/rules/mapped.js';
import { DEFAULT_CARDINALITY, type PolicyOptions } from '../../src/rules/policies/policy-options.js';
import { compileRules } from '../../src/rules/rule-set.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { CITY_RULE } from './apply.js';
import { cityRecords } from './readings.js';
import { type Comparison, compare, type RoundSizes, type Work } from './rounds.js';

const NS_PER_RECORD = 1_000_000n;
/** The window of the duplicates: a pass over all records takes longer, so that none of them is one. */
const WITHIN_MS = 1_000;

const POLICIES: Readonly<Record<string, PolicyOptions>> = {
  cardinality: { cardinality: DEFAULT_CARDINALITY },
  'keep-last': { collision: 'keep-last' },
  spread: { collision: 'spread' },
  gaps: { gaps: { counter: 'payload.timestamp' } },
  duplicates: { duplicates: { key: ['topic', 'payload.timestamp'], withinMs: WITHIN_MS, maxKeys: 200_000 } },
};

/** A rule with each policy, decoding and what goes to the journal included, beside the same rule without it. */
export async function comparePolicies(sizes: RoundSizes): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const [name, policies] of Object.entries(POLICIES)) {
    const names = { name: `decode + map: policy ${name}`, alternative: 'the same rule without it' };
    comparisons.push(await compare(names, mapping(policies), mapping({}), sizes));
  }
  return comparisons;
}

/** Maps all records once; throws when a policy parks or filters one: then something else is measured. */
function mapping(policies: PolicyOptions): Work {
  const compiled = compileRules([CITY_RULE], { policies });
  if (!compiled.ok) throw new Error(`the rule does not compile: ${JSON.stringify(compiled.problems)}`);
  const state = new StateTables();
  const options = { state };
  const notes = new MappingWarnings();
  const records: Mutable<StreamRecord>[] = cityRecords(2000).map((record) => ({ ...record }));
  const passNs = NS_PER_RECORD * BigInt(records.length);
  let beganNs = records[0]!.receivedAtNs;
  return () => {
    beganNs += passNs;
    let points = 0;
    for (let index = 0; index < records.length; index++) {
      const record = records[index]!;
      record.receivedAtNs = beganNs + NS_PER_RECORD * BigInt(index);
      const mapped = compiled.ruleSet.apply(record, notes, options);
      if (mapped.kind !== 'points') throw new Error(`a reading was ${mapped.kind}`);
      points += mapped.points.length;
    }
    state.takeChanges();
    return points;
  };
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };
