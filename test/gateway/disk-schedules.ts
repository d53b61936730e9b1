import fc from 'fast-check';
import { parseConfig } from '../../src/config/load-config.js';
import { WHEN_FULL, type WhenFull } from '../../src/dead-letter/payload-keeping.js';
import { type GatewayOptions, gatewayOptions } from '../../src/gateway/gateway-options.js';

/** What happens on a disk that fails, drawn by fast-check: see failing-disk.isolated.test.ts. */

/** Texts in the paths of the files that fail. */
const PARTS: readonly string[] = [
  ...['', '/log/', '.seg', '.note', '/checkpoints/', '.next'],
  ...['/dead-letter/', '.jsonl', 'settled-', '/reasons/'],
];
export const CODES = ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE'] as const;

/** The store refuses this value. */
export const REFUSED = 7;
const FIRST_VALUE = 100;
export const CHECKPOINT_MS = 40;

/** Files and batches are so small that a few messages fill them. */
export function optionsOf(root: string, whenFull: WhenFull): GatewayOptions {
  const parsed = parseConfig(
    `stream: { log: { directory: ${root}/data/log } }
rules:
  - name: made
    topic: t/+device
    where: payload.v >= 0.0
    measurement: m
    fields: { v: { path: payload.v, type: float } }
`,
    'sluice.yaml',
    '/',
    {},
  );
  if (!parsed.ok) throw new Error('the configuration of this test is wrong');
  const options = gatewayOptions(parsed.loaded.config, 'all');
  return {
    ...options,
    log: { ...options.log, segmentSizeBytes: 30_000 },
    consume: {
      ...options.consume,
      consumer: {
        maxBatchRecords: 7,
        maxBatchBytes: 1 << 20,
        lingerMs: 0,
        checkpointIntervalMs: CHECKPOINT_MS,
      },
      deadLetterMaxSizeBytes: whenFull === 'block' ? 1 << 20 : 150_000,
      keeping: { whenFull, clientSharePercent: 100 },
    },
  };
}

type Step =
  | { readonly kind: 'publish'; readonly messages: number }
  | { readonly kind: 'process' | 'replay' | 'purge' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      messages: fc.integer({ min: 1, max: 25 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('process' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('replay' as const, 'purge' as const) }) },
);

export const schedule = fc.record({
  whenFull: fc.constantFrom(...WHEN_FULL),
  /** The disk begins to fail before the start, or when the gateway runs. */
  from: fc.constantFrom('start' as const, 'running' as const, 'running' as const, 'stop' as const),
  failure: fc.record({
    code: fc.constantFrom(...CODES),
    at: fc.oneof(...[5, 40, 200].map((max) => fc.integer({ min: 1, max }))),
    times: fc.constantFrom(1, 2, 5, 30),
    part: fc.constantFrom(...PARTS),
    isDone: fc.boolean(),
  }),
  steps: fc.array(step, { minLength: 2, maxLength: 8, size: 'max' }),
});

export type Schedule = typeof schedule extends fc.Arbitrary<infer Given> ? Given : never;

/**
 * Of seven messages: three points, one that the store refuses, one that a rule ignores, two that are no JSON. What the store
 * refuses is never dropped or cut, so it is another point where that shall happen.
 */
export function payloadOf(n: number, whenFull: WhenFull): string {
  switch (n % 7) {
    case 3:
      return whenFull === 'block' ? `{"v":${REFUSED}}` : `{"v":${FIRST_VALUE + n}}`;
    case 4:
      return '{"v":-1}';
    case 5:
      return 'no json';
    case 6:
      return 'x'.repeat(12_000);
    default:
      return `{"v":${FIRST_VALUE + n}}`;
  }
}

/** What a rule sees of a payload; none when it is no JSON. */
export function fieldsOf(payload: string): { v?: number } {
  try {
    return JSON.parse(payload) as { v: number };
  } catch {
    return {};
  }
}

/** What earlier schedules have found. */
export const FOUND: readonly Schedule[] = [
  // A trim that waited for a descriptor went on deleting when the lock was released and the next process had begun.
  {
    whenFull: 'block',
    from: 'stop',
    failure: { code: 'EMFILE', at: 1, times: 5, part: '.note', isDone: false },
    steps: [18, 3, 2, 8, 21].map((messages) => ({ kind: 'publish', messages })),
  },
  // A segment that could not be closed made the stop fail, although all of it was durable.
  {
    whenFull: 'block',
    from: 'stop',
    failure: { code: 'ENOSPC', at: 1, times: 30, part: '.seg', isDone: false },
    steps: [{ kind: 'publish', messages: 5 }, { kind: 'process' }],
  },
  // Half of a parked line was there, and there was no room to cut it off either: the process ended.
  {
    whenFull: 'block',
    from: 'running',
    failure: { code: 'EDQUOT', at: 1, times: 5, part: 'parked-', isDone: false },
    steps: [{ kind: 'publish', messages: 25 }, { kind: 'process' }],
  },
  // There was no room for the journal of a drop: the process ended.
  {
    whenFull: 'drop-oldest',
    from: 'running',
    failure: { code: 'ENOSPC', at: 1, times: 30, part: 'settled-', isDone: false },
    steps: Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? { kind: 'publish', messages: 25 } : { kind: 'process' },
    ),
  },
];
