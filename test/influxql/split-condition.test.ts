import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../src/influxql/parse-query.js';
import { ALL_TIME, MAX_TIME_NS, MIN_TIME_NS, splitCondition } from '../../src/influxql/split-condition.js';
import { TimeZone } from '../../src/lib/time-zone.js';

const NOW_NS = 1_795_000_000_000_000_000n;
const NS_PER_MS = 1_000_000n;

function split(condition: string, zone?: TimeZone) {
  const [statement] = parseQuery(`SELECT "v" FROM "m" WHERE ${condition}`);
  if (statement?.kind !== 'select') throw new Error('no SELECT');
  return splitCondition(statement.condition, { nowNs: NOW_NS, zone });
}
const utc = (text: string) => BigInt(Date.parse(text)) * NS_PER_MS;

describe('times', () => {
  it.each([
    ['time > 5', { minNs: 6n, maxNs: MAX_TIME_NS }],
    ['5 < time', { minNs: 6n, maxNs: MAX_TIME_NS }],
    ['time >= 5ms', { minNs: 5_000_000n, maxNs: MAX_TIME_NS }],
    ['time < 5s', { minNs: MIN_TIME_NS, maxNs: 4_999_999_999n }],
    ['time <= now() - 1h', { minNs: MIN_TIME_NS, maxNs: NOW_NS - 3_600_000_000_000n }],
    ['time = 7', { minNs: 7n, maxNs: 7n }],
    [
      'time > now() - 2 * 1h AND time < now()',
      { minNs: NOW_NS - 7_200_000_000_000n + 1n, maxNs: NOW_NS - 1n },
    ],
    ["time >= '2026-10-20'", { minNs: utc('2026-10-20T00:00:00Z'), maxNs: MAX_TIME_NS }],
    ["time >= '2026-10-20 01:02:03.5'", { minNs: utc('2026-10-20T01:02:03.5Z'), maxNs: MAX_TIME_NS }],
    [
      "time >= '2026-10-20T01:02:03.000000001+02:00'",
      { minNs: utc('2026-10-19T23:02:03Z') + 1n, maxNs: MAX_TIME_NS },
    ],
    ["time >= '2026-10-20T01:00:00Z' + 5m", { minNs: utc('2026-10-20T01:05:00Z'), maxNs: MAX_TIME_NS }],
  ])('%s', (condition, range) => {
    expect(split(condition)).toEqual({ filter: undefined, range });
  });

  it('without a zone of their own are those of the statement', () => {
    expect(split("time >= '2026-10-20 01:00:00'", TimeZone.of('Europe/Berlin')).range.minNs).toBe(
      utc('2026-10-19T23:00:00Z'),
    );
  });

  it.each([
    ["time > 'tomorrow'", 'time can be compared with now()'],
    ["time > '2026-02-30'", 'invalid timestamp string'],
    ["time > '2026-10-20T01:00:00'", 'invalid timestamp string'],
    ['time != 5', 'invalid time comparison operator: !='],
    ['time > now() + 300w * 100', 'overflows time literal'],
    ['time', 'invalid condition expression'],
  ])('%s is an error', (condition, reason) => {
    expect(() => split(condition)).toThrow(reason);
  });
});

describe('constants', () => {
  const device = { kind: 'binary', operator: '=', left: { name: 'd' }, right: { value: 'a' } };
  it.each([
    ["86400 > 3600 AND d = 'a'", device],
    ["86400 < 3600 OR d = 'a'", device],
    ["1h >= 60m AND d = 'a'", device],
    ["'x' = 'x' AND d = 'a'", device],
    ["(1 + 2 * 3 = 7 AND 10 / 4 = 2.5 AND 7 % 4 = 3) AND d = 'a'", device],
    ["86400 < 3600 AND d = 'a'", { kind: 'boolean', value: false }],
  ])('%s', (condition, filter) => {
    expect(split(condition)).toMatchObject({ filter, range: ALL_TIME });
  });

  it('that are true leave every point', () => {
    expect(split('86400 > 3600').filter).toBeUndefined();
    expect(split("86400 > 3600 OR d = 'a'").filter).toBeUndefined();
  });
});
