import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { PartitionStates } from '../../src/ledger/partition-states.js';
import { compileOrThrow, type RuleSet } from '../../src/rules/rule-set.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { encodeSparkplug, type TestMetric } from '../formats/sparkplug/encode-sparkplug.js';
import { CASE_RECEIVED_AT_NS, type Outcome, outcomeIn } from '../rules/rule-outcome.js';
import { sampleRecord } from '../rules/sample-record.js';

const RUNS = process.env.SLUICE_SOAK === 'full' ? 20_000 : 400;

/** All policies, with limits so small that they are always near, and rules that share a measurement with other limits. */
const RULES = `
consumer:
  policies:
    cardinality: { series: 4, tagValues: 3, fields: 4, newFields: 3, clientShare: 60, forgetAfter: 2d, otherwise: omit }
rules:
  - name: short
    topic: short/+device
    measurement: m
    tags: { device: topic.device, id: payload.id }
    policies:
      cardinality: { series: 3, tagValues: 2, fields: 5, newFields: 2, clientShare: 100, forgetAfter: 1d, otherwise: demote }
      duplicates: { key: [device, payload.k], within: 2h, maxKeys: 100 }
      gaps: { counter: payload.n, largest: 20 }
  - name: named
    topic: named/+device
    measurement: { template: "{payload.id}" }
    tags: { device: topic.device }
    time: { path: payload.n, unit: s, window: { past: 36500d, future: 1d }, otherwise: receive }
    policies:
      collision: spread
      gaps: { counter: payload.n, by: payload.k }
  - { name: other, topic: other/+device, measurement: m, tags: { device: topic.device, id: payload.id } }
  - name: strict
    topic: strict/+device
    measurement: m
    tags: { id: payload.id, device: topic.device }
    policies:
      cardinality: { series: 5, tagValues: 4, fields: 3, newFields: 9, clientShare: 50, forgetAfter: 3d, otherwise: park }
      duplicates: { key: payload.k, within: 1s, maxKeys: 100 }
  - name: sparkplug
    topic: spBv1.0/#
    each: { path: payload.metrics, as: metric, where: "!has(metric.unsupported)" }
    measurement: plant
    tags: { node: payload.node, device: payload.device }
    fields: { "{metric.name}": metric.value }
`;

const parsed = parseConfig(RULES, 'sluice.yaml', '/', {});

/** With nothing in their caches. */
function freshRules(): RuleSet {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { rules, mapping } = parsed.loaded.config;
  return compileOrThrow(rules, mapping);
}

const few = <T>(...values: readonly T[]) => fc.constantFrom<T>(...values);

const jsonPayload = fc
  .record(
    {
      id: few<unknown>('a', 'b', 'c', 'd', 'e', 'f/g', 7),
      k: few<unknown>(0, 1, '1', true, 'x', ''),
      n: fc.integer({ min: 0, max: 22 }),
      v: fc.integer({ min: 0, max: 2 }),
      w: few<unknown>(1.5, 'text'),
      x: few(1),
      y: few(1),
      z: few(1),
      id_value: few('taken'),
    },
    { requiredKeys: ['k', 'v'] },
  )
  .map((payload) => Buffer.from(JSON.stringify(payload)));

const metric: fc.Arbitrary<TestMetric> = fc.record(
  {
    name: few('t', 'h', 'p'),
    alias: few(1, 2, 3),
    datatype: few(3, 10, 12),
    int: few(1, 2),
    isNull: few(true),
  },
  { requiredKeys: [] },
);
const sparkplugPayload = fc
  .record({ seq: fc.integer({ min: 0, max: 4 }), metrics: fc.array(metric, { maxLength: 3 }) })
  .map(encodeSparkplug);

const MINUTE_NS = 60_000_000_000n;
/** From one record to the next. A clock may be set back. */
const laterNs = few(
  1n,
  1n,
  1_000_000_000n,
  -1_000_000_000n,
  50n * MINUTE_NS,
  -61n * MINUTE_NS,
  1_500n * MINUTE_NS,
  -4_000n * MINUTE_NS,
);

const given = fc.record({
  partition: few('p', 'p', 'q'),
  clientId: few('one', 'two', 'three words', ''),
  message: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        topic: fc
          .tuple(few('short', 'named', 'other', 'strict'), few('d1', 'd2', 'd3'))
          .map((levels) => levels.join('/')),
        payload: jsonPayload,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        topic: few(
          'spBv1.0/g/NBIRTH/n',
          'spBv1.0/g/NDATA/n',
          'spBv1.0/g/DBIRTH/n/d',
          'spBv1.0/g/DDATA/n/d',
          'spBv1.0/g/NDEATH/n',
        ),
        payload: sparkplugPayload,
      }),
    },
  ),
  laterNs,
  /** What happens before the record. */
  before: few('nothing', 'nothing', 'nothing', 'batch', 'batch', 'restart', 'compaction', 'look'),
});

type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;

/** A process that maps records, and can be stopped between two batches. */
class Process {
  #rules: RuleSet = freshRules();
  #states = new PartitionStates();
  #saved: string[] = [];

  endBatch(): void {
    this.#saved.push(JSON.stringify(this.#states.takeChanges()));
  }

  compact(): void {
    this.#saved = [JSON.stringify(this.#states.takeAll())];
  }

  restart(): void {
    this.endBatch();
    this.#rules = freshRules();
    this.#states = new PartitionStates();
    for (const changes of this.#saved.flatMap((text) => JSON.parse(text))) this.#states.restore(changes);
  }

  /** What an explanation and a replay do: their changes do not last. */
  look(record: StreamRecord, partition: string): void {
    const { payload, ...others } = record;
    outcomeIn(this.#rules, payload, others, { state: this.#states.of(partition).overlay() });
    outcomeIn(this.#rules, payload, others, { state: this.#states.overlay(), isReplay: true });
  }

  map(record: StreamRecord, partition: string): Outcome {
    const { payload, ...others } = record;
    const outcome = outcomeIn(this.#rules, payload, others, { state: this.#states.of(partition) });
    // Counted from what can be lost.
    const { collision, ...notes } = outcome.notes;
    return { ...outcome, notes };
  }
}

function recordsOf(list: readonly Given[]): StreamRecord[] {
  let receivedAtNs = CASE_RECEIVED_AT_NS;
  return list.map(({ clientId, message, laterNs: later }) => {
    receivedAtNs += later;
    return sampleRecord(message.payload, { topic: message.topic, clientId, receivedAtNs });
  });
}

test('batches, restarts, explanations and replays in between change no outcome, whatever the policies have to remember', () => {
  const seen = new Map<string, number>();
  const note = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(fc.array(given, { minLength: 1, maxLength: 60, size: 'max' }), (list) => {
      const undisturbed = new Process();
      const stopped = new Process();
      for (const [nth, record] of recordsOf(list).entries()) {
        const { partition, before } = list[nth] as Given;
        if (before === 'batch') stopped.endBatch();
        if (before === 'restart') stopped.restart();
        if (before === 'compaction') stopped.compact();
        if (before === 'look') stopped.look(record, partition);
        const outcome = undisturbed.map(record, partition);
        expect(stopped.map(record, partition)).toEqual(outcome);
        note(outcome.outcome);
        for (const name of Object.keys(outcome.notes)) note(name);
      }
    }),
    { numRuns: RUNS },
  );
  for (const what of [
    'written',
    'parked as too-many-series',
    'parked as too-many-fields',
    'parked as sparkplug-no-birth',
    'filtered by short: duplicate',
    'tag-demoted',
    'tag-over-budget',
    'field-over-budget',
    'lost-before-gateway',
    'sparkplug-sequence-gap',
  ])
    expect(seen.get(what), what).toBeGreaterThan(5);
});
