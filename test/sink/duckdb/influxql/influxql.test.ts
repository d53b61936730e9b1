import { describe, expect, test } from 'vitest';
import type { InfluxqlRequest } from '../../../../src/influxql/answer.js';
import type { Point } from '../../../../src/sink/point.js';
import { pointOf, seriesOf } from '../../../support/points.js';
import { never, openedSink } from '../opened-sink.js';
import { BASE_NS, comparedPoints, randomNumbers } from './compared-points.js';
import { COMPARED_QUERIES } from './compared-queries.js';

const SECOND_NS = 1_000_000_000n;

/** Returns a function that asks a store with these points. */
async function asking(points: readonly Point[]) {
  const { sink } = await openedSink();
  expect(await sink.write(points, never())).toEqual([]);
  return async (query: string, change: Partial<InfluxqlRequest> = {}) => {
    const { status, json } = await sink.reader.influxql({
      query,
      pretty: false,
      parameters: new Map(),
      database: 'telemetry',
      ...change,
    });
    return { status, body: JSON.parse(json) as { error?: string; results?: Result[] }, json };
  };
}

interface Result {
  readonly error?: string;
  readonly series?: readonly { readonly values: readonly (readonly unknown[])[] }[];
}

const one = (ask: Awaited<ReturnType<typeof asking>>, query: string) =>
  ask(query).then(({ body }) => body.results?.[0]?.error ?? body.results?.[0]?.series);

test('the answer has the form of InfluxDB 1, with times as texts', async () => {
  const ask = await asking([
    pointOf(seriesOf('home', { room: 'kitchen' }), BASE_NS + 500_000_000n, {
      v: 21.5,
      n: 3n,
      s: 'a "b"',
      b: true,
    }),
  ]);
  const { json } = await ask('SELECT * FROM "home"; SHOW MEASUREMENTS');
  expect(json).toBe(
    '{"results":[{"statement_id":0,"series":[{"name":"home","columns":["time","b","n","room","s","v"],' +
      '"values":[["2026-10-20T00:00:00.5Z",true,3,"kitchen","a \\"b\\"",21.5]]}]},' +
      '{"statement_id":1,"series":[{"name":"measurements","columns":["name"],"values":[["home"]]}]}]}\n',
  );
});

test.each([
  ['ns', 1_792_454_400_500_000_000],
  ['u', 1_792_454_400_500_000],
  ['ms', 1_792_454_400_500],
  ['s', 1_792_454_400],
  ['m', 29_874_240],
  ['h', 497_904],
] as const)('with the epoch %s times are %i', async (epoch, expected) => {
  const ask = await asking([pointOf(seriesOf('m'), BASE_NS + 500_000_000n, { v: 1 })]);
  const { body } = await ask('SELECT "v" FROM "m"', { epoch });
  expect(body.results?.[0]?.series?.[0]?.values).toEqual([[expected, 1]]);
});

test('times are shown in the zone of the statement', async () => {
  const ask = await asking([pointOf(seriesOf('m'), BASE_NS, { v: 1 })]);
  const { json } = await ask(`SELECT "v" FROM "m" tz('America/St_Johns')`);
  expect(json).toContain('"2026-10-19T21:30:00-02:30"');
});

test('a pretty answer is indented, and integers stay exact', async () => {
  const ask = await asking([pointOf(seriesOf('m'), BASE_NS, { n: 9_007_199_254_740_993n, s: 'a,b:{}' })]);
  const { json, body } = await ask('SELECT * FROM "m"', { pretty: true });
  expect(json).toContain('\n                            9007199254740993,\n');
  expect(body.results?.[0]?.series?.[0]?.values[0]?.[2]).toBe('a,b:{}');
});

test('now() is the clock of the gateway', async () => {
  const clock = { nowNs: () => BASE_NS + 60n * SECOND_NS, monotonicMs: () => 0 };
  const { sink } = await openedSink({}, { clock });
  await sink.write(
    [0, 50, 70].map((second) => pointOf(SERIES, BASE_NS + BigInt(second) * SECOND_NS, { v: second })),
    never(),
  );
  const { json } = await sink.reader.influxql({
    query: 'SELECT "v" FROM "m" WHERE time > now() - 20s AND time < now()',
    epoch: 's',
    pretty: false,
    parameters: new Map(),
    database: 'telemetry',
  });
  expect(json).toContain('"values":[[1792454450,50]]');
});

test('a statement that fails ends the query, and names why', async () => {
  const ask = await asking([pointOf(seriesOf('m'), BASE_NS, { s: 'x' })]);
  const { status, body } = await ask('SHOW DATABASES; SELECT mean("s") FROM "m"; SHOW MEASUREMENTS');
  expect(status).toBe(200);
  expect(body.results).toHaveLength(2);
  expect(body.results?.[1]?.error).toBe('unsupported mean of a string: mean() takes numbers');
});

test.each([
  [
    `SELECT "v" FROM "m" WHERE "host" > 'a'`,
    'the tag "host" can be compared with a text by =, !=, =~ and !~ only',
  ],
  [
    `SELECT "v" FROM "m" WHERE "v" = 'a'`,
    'the field "v" is a float and cannot be compared with a string by =',
  ],
  ['SELECT "v" FROM "m" WHERE "v" + 1 > 2', 'WHERE takes comparisons'],
  [
    'SELECT "v" FROM "m" WHERE "v" = "host"',
    'two names can be compared only when both are fields with numbers',
  ],
  ['SELECT "v"::integer FROM "m" WHERE "v" > 5 AND "host" = \'a\'', undefined],
  [
    'SELECT mean("v"::integer) FROM "m"',
    'the cast "v"::integer is not supported: the field is of type float',
  ],
  ['SELECT abs("host") FROM "m"', 'abs() takes numbers, and not a string'],
  ['SELECT "v" & 1 FROM "m"', 'the operator & takes integers, and not a float'],
  ['SELECT sample("v", 3) FROM "m"', 'undefined function sample(); supported are count, sum'],
  ['SELECT top("v", "host", 3) FROM "m"', 'tags inside top() are not supported: use GROUP BY'],
  ['SELECT integral("v") FROM "m" ORDER BY time DESC', 'integral() with ORDER BY time DESC is not supported'],
  ['SELECT difference(distinct("v")) FROM "m" GROUP BY time(1m)', 'is not supported'],
  [`SHOW TAG VALUES FROM "m" WITH KEY = "host" WHERE "v" > 5`, 'WHERE of a SHOW statement takes tags only'],
])('%s says what is supported', async (query, reason) => {
  const ask = await asking([pointOf(seriesOf('m', { host: 'a' }), BASE_NS, { v: 1 })]);
  if (reason === undefined) expect(await one(ask, query)).not.toBeTypeOf('string');
  else expect(await one(ask, query)).toContain(reason);
});

describe('names and texts of devices', () => {
  test.each([`x'; DROP TABLE y; --`, `"`, `'`, '\\', `a' OR 'a' = 'a`, 'ü\u0000x', '%_'])(
    '%j stays a text in SQL',
    async (text) => {
      const ask = await asking([
        pointOf(seriesOf(`m${text}`, { [`t${text}`]: text }), BASE_NS, { [`f${text}`]: text }),
        pointOf(seriesOf('other', { host: 'a' }), BASE_NS, { v: 1 }),
      ]);
      const parameters = new Map([['x', text]]);
      const quoted = (name: string) => `"${name.replace(/["\\]/g, '\\$&')}"`;
      const [measurement, tag, field] = [`m${text}`, `t${text}`, `f${text}`].map(quoted);
      const { body } = await ask(
        `SELECT ${field} FROM ${measurement} WHERE ${tag} = $x AND ${field} = $x GROUP BY ${tag};
         SHOW TAG VALUES FROM ${measurement} WITH KEY = ${tag}; SELECT count("v") FROM "other" WHERE "host" = $x`,
        { parameters, epoch: 's' },
      );
      expect(body.results).toMatchObject([
        { series: [{ tags: { [`t${text}`]: text }, values: [[1_792_454_400, text]] }] },
        { series: [{ values: [[`t${text}`, text]] }] },
        {},
      ]);
      expect(body.results?.[2]?.series).toBeUndefined();
    },
  );
});

describe('bounds', () => {
  test('a measurement with too many windows, rows or groups is an error that names a way out', async () => {
    const points = Array.from({ length: 600 }, (_point, nth) =>
      pointOf(seriesOf('m', { host: `h${nth % 200}` }), BASE_NS + BigInt(nth) * SECOND_NS, { v: nth }),
    );
    const ask = await asking(points);
    const range = `time >= '2026-10-20' AND time < '2026-10-22'`;
    expect(await one(ask, `SELECT mean("v") FROM "m" WHERE ${range} GROUP BY time(1s) fill(none)`)).toContain(
      'max-select-buckets limit exceeded: (172800/100000)',
    );
    expect(await one(ask, `SELECT mean("v") FROM "m" WHERE ${range} GROUP BY time(10s), "host"`)).toContain(
      'more than 1000000 values',
    );
    expect(
      await one(ask, `SELECT mean("v") FROM "m" WHERE ${range} GROUP BY time(10s), "host" fill(none)`),
    ).toHaveLength(200);
    // Without a start the windows begin with the first point.
    expect(
      await one(ask, `SELECT count("v") FROM "m" WHERE time < '2026-10-20T00:01:00Z' GROUP BY time(1s)`),
    ).toMatchObject([{ values: { length: 60 } }]);
  });

  test('rows beyond the bound are not returned in part', async () => {
    const points = Array.from({ length: 250_001 }, (_point, nth) =>
      pointOf(SERIES, BASE_NS + BigInt(nth) * 1_000_000n, { v: nth % 7 }),
    );
    const ask = await asking(points);
    expect(await one(ask, 'SELECT "v" FROM "m"')).toContain('more than 250000 rows would be read');
    expect(await one(ask, 'SELECT "v" FROM "m" WHERE "v" < 10')).toContain(
      'more than 250000 rows would be read',
    );
    expect(await one(ask, 'SELECT "v" FROM "m" LIMIT 2')).toMatchObject([
      {
        values: [
          [{}, 0],
          [{}, 1],
        ].map(() => ({ length: 2 })),
      },
    ]);
    expect(await one(ask, 'SELECT count("v") FROM "m"')).toMatchObject([
      { values: [['1970-01-01T00:00:00Z', 250_001]] },
    ]);
  });

  test('long texts are not kept in the memory of the writer', async () => {
    const points = Array.from({ length: 600 }, (_point, nth) =>
      pointOf(SERIES, BASE_NS + BigInt(nth) * SECOND_NS, { s: `${nth}`.padStart(60_000, 'x'), v: nth }),
    );
    const ask = await asking(points);
    const range = `time >= '2026-10-20' AND time < '2026-10-20T00:20:00Z'`;
    const tooMuch = 'texts of 36000000 bytes would have to be kept';
    expect(await one(ask, 'SELECT "s" FROM "m"')).toContain(tooMuch);
    expect(await one(ask, 'SELECT mode("s") FROM "m"')).toContain(tooMuch);
    expect(await one(ask, `SELECT last("s") FROM "m" WHERE ${range} GROUP BY time(1s)`)).toContain(tooMuch);
    expect(
      await one(ask, `SELECT last("s") FROM "m" WHERE ${range} GROUP BY time(1m) fill(none)`),
    ).toHaveLength(1);
    expect(await one(ask, 'SELECT "s" FROM "m" LIMIT 3')).toHaveLength(1);
    expect(await one(ask, 'SELECT count("s"), last("v") FROM "m"')).toHaveLength(1);
  });

  test('a regular expression can name up to 200 measurements', async () => {
    const ask = await asking(
      Array.from({ length: 201 }, (_point, nth) => pointOf(seriesOf(`m${nth}`), BASE_NS, { v: 1 })),
    );
    expect(await one(ask, 'SELECT "v" FROM /m/')).toContain('at most 200 measurements');
    expect(await one(ask, 'SELECT "v" FROM /m1/')).toHaveLength(111);
  });
});

const SERIES = seriesOf('m');

describe('where InfluxDB 1.6 answers by accident', () => {
  const inside = `time >= '2026-10-20T00:10:00Z' AND time < '2026-10-20T00:20:00Z'`;

  test('a nested transformation has a value in the first window', async () => {
    const points = [0, 1, 3, 6, 10, 15].map((v, minute) =>
      pointOf(SERIES, BASE_NS + BigInt(8 + minute) * 60n * SECOND_NS, { v }),
    );
    const ask = await asking(points);
    const query = `SELECT difference(difference(mean("v"))) FROM "m" WHERE ${inside} GROUP BY time(1m) fill(none)`;
    const series = (await one(ask, query)) as Result['series'];
    expect(series?.[0]?.values.map(([, value]) => value)).toEqual([1, 1, 1, 1]);
  });

  test('a derivative without a start of the time begins with the second window', async () => {
    const ask = await asking(
      [0, 5].map((v, nth) => pointOf(SERIES, BASE_NS + BigInt(nth) * 60n * SECOND_NS, { v })),
    );
    const query = `SELECT derivative(mean("v")) FROM "m" WHERE time < '2026-10-20T00:02:00Z' GROUP BY time(1m)`;
    expect(await one(ask, query)).toMatchObject([{ values: [['2026-10-20T00:01:00Z', 5]] }]);
  });

  test('top obeys the order and the limit', async () => {
    const ask = await asking(
      [3, 9, 1, 7, 8].map((v, nth) => pointOf(SERIES, BASE_NS + BigInt(nth) * SECOND_NS, { v })),
    );
    const found = (await one(
      ask,
      'SELECT top("v", 3) FROM "m" ORDER BY time DESC LIMIT 3',
    )) as Result['series'];
    expect(found?.[0]?.values).toEqual([
      ['2026-10-20T00:00:04Z', 8],
      ['2026-10-20T00:00:03Z', 7],
      ['2026-10-20T00:00:01Z', 9],
    ]);
  });

  test('percentile counts equal values in the order of their times, and mode takes the first of equally frequent ones', async () => {
    const ask = await asking(
      [3, 1, 3, 1].map((v, nth) => pointOf(SERIES, BASE_NS + BigInt(nth) * SECOND_NS, { v })),
    );
    expect(await one(ask, 'SELECT percentile("v", 90) FROM "m"')).toMatchObject([
      { values: [['2026-10-20T00:00:02Z', 3]] },
    ]);
    expect(await one(ask, 'SELECT mode("v") FROM "m"')).toMatchObject([
      { values: [[{}, 3]].map(() => ['1970-01-01T00:00:00Z', 3]) },
    ]);
  });
});

test('garbled queries are answered or refused with a reason, and never fail', {
  timeout: 60_000,
}, async () => {
  const ask = await asking(comparedPoints());
  const random = randomNumbers(3);
  const whole = (end: number) => Math.floor(random() * end);
  const parts = (query: string) => query.match(/"[^"]*"|'[^']*'|\w+|\s+|[^\s\w]/g) ?? [];
  const all = COMPARED_QUERIES.flatMap(parts);
  let refused = 0;
  for (let nth = 0; nth < 400; nth++) {
    const words = [...parts(COMPARED_QUERIES[whole(COMPARED_QUERIES.length)]!)];
    words.splice(whole(words.length), whole(2), all[whole(all.length)]!);
    const { body } = await ask(words.join(''));
    const error = body.error ?? body.results?.map((result) => result.error).find((one) => one !== undefined);
    if (error !== undefined) refused += 1;
    expect(error).not.toBe('');
  }
  expect(refused).toBeGreaterThan(50);
  expect(refused).toBeLessThan(350);
});

test('queries and writing do not affect one another', async () => {
  const { sink } = await openedSink();
  const points = comparedPoints();
  await sink.write(points.slice(0, 100), never());
  const request = {
    query: 'SELECT count(*) FROM /./ GROUP BY *',
    pretty: false,
    parameters: new Map(),
    database: '',
  };
  const reading = Array.from({ length: 10 }, () => sink.reader.influxql(request));
  for (let from = 100; from < points.length; from += 200) {
    expect(await sink.write(points.slice(from, from + 200), never())).toEqual([]);
  }
  for (const { status } of await Promise.all(reading)) expect(status).toBe(200);
});
