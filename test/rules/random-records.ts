import fc from 'fast-check';
import type { StreamRecord } from '../../src/stream/stream.js';
import { RECEIVED_AT_NS, sampleRecord } from './sample-record.js';

/** Keys that payloads have and that rules name. Some would end a name, a value or a line where they are not escaped. */
export const KEYS = [
  't',
  'h',
  'a',
  'ts',
  'list',
  'a_b',
  '_x',
  'time',
  'n\nm x=1 1',
  'a,b=c d',
  'end\\',
  'é"',
  '1700000000',
] as const;

export const HOSTILE_TEXTS = [
  'a',
  'b',
  '',
  ' ',
  'ON',
  'nan',
  '21,5 °C',
  '+007',
  '1\nm,x=y t=1 1',
  'a,b=c d',
  'end\\',
  'a\\,b',
  '\\" t=2',
  '# comment',
  '_reserved',
  'time',
  '😀\u2028\u0085\u007f\0',
  '2024-11-21T02:23:06.123456789012Z',
  '2024-11-21 02:23:06',
] as const;

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<string>(...HOSTILE_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);
const number = fc.oneof(
  fc.integer({ min: -200, max: 200 }).map(String),
  fc.constantFrom(
    '1732155786',
    '1732155786123',
    '9007199254740993',
    '9223372036854775808',
    '1e308',
    '-0',
    '0.1',
    '1732155786.5',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const scalar = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 3, arbitrary: text.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.constantFrom('true', 'false', 'null') },
);
/** JSON as text, so that numbers keep digits that a double has not. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('json'), { maxLength: 4 }).map((elements) => `[${elements.join(',')}]`),
    objectOf(tie('json')),
  ),
}));

/** An object; it has `usual` as well, unless `member` gives these keys. */
function objectOf(
  member: fc.Arbitrary<string>,
  usual: fc.Arbitrary<Record<string, string>> = fc.constant({}),
): fc.Arbitrary<string> {
  const key = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<string>(...KEYS) },
    { weight: 1, arbitrary: text },
  );
  return fc
    .tuple(usual, fc.dictionary(key, member, { maxKeys: 3 }))
    .map(([more, members]) => Object.entries({ ...more, ...members }))
    .map((members) => members.map(([name, value]) => `${JSON.stringify(name)}:${value}`))
    .map((members) => `{${members.join(',')}}`);
}

const reading = fc.record({ t: number }, { noNullPrototype: true });
const list = fc
  .array(fc.oneof(number, objectOf(scalar, reading)), { maxLength: 4 })
  .map((elements) => `[${elements.join(',')}]`);

const payload = fc.oneof(
  {
    weight: 16,
    arbitrary: objectOf(json, fc.record({ t: number, h: number, list }, { noNullPrototype: true })),
  },
  { weight: 2, arbitrary: list },
  { weight: 1, arbitrary: json },
  { weight: 1, arbitrary: text },
);
const topic = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('s/hall/d1', 's/a,b=c d/d2', 's/end\\/x', 's/😀/y/z') },
  { weight: 1, arbitrary: fc.constantFrom('t', '/', 's//x', '$x/y') },
  { weight: 1, arbitrary: fc.array(text, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/')) },
);

/** Any payload on any topic by any client, as it lies in the log. Each of a list has a receive time of its own. */
export const randomRecords: fc.Arbitrary<StreamRecord[]> = fc
  .array(fc.record({ topic, clientId: text, payload }), { minLength: 1, maxLength: 4 })
  .map((records) =>
    records.map((record, nth) =>
      sampleRecord(record.payload, {
        topic: record.topic,
        clientId: record.clientId,
        receivedAtNs: RECEIVED_AT_NS + BigInt(nth) * 1_000_003n,
      }),
    ),
  );
