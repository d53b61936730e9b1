import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parkRejected, prepareBatch, recordOutcomes } from '../../src/consumer/prepare-batch.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { StateTables } from '../../src/lib/state-tables.js';
import { type Mapped, MappingWarnings } from '../../src/rules/mapped.js';
import type { RuleOptions } from '../../src/rules/rule-options.js';
import { compileRules, type RuleMatching, type RuleSet } from '../../src/rules/rule-set.js';
import { LineEncoder } from '../../src/sink/influx/line.js';
import type { Field, Point } from '../../src/sink/point.js';
import type { RecordBatch, StreamRecord } from '../../src/stream/stream.js';
import { type ParsedLine, parseLine } from '../support/line-protocol-parser.js';
import { randomRecords } from './random-records.js';
import { randomRule, TABLES } from './random-rules.js';
import { RECEIVED_AT_NS } from './sample-record.js';

const RUNS = process.env.SLUICE_SOAK === 'full' ? 100_000 : 2_000;

/** Undefined for the few random rules that are refused when they are compiled. */
function compiled(rules: readonly RuleOptions[], match: RuleMatching): RuleSet | undefined {
  const result = compileRules(rules, { match, tables: TABLES, readClock: () => RECEIVED_AT_NS });
  return result.ok ? result.ruleSet : undefined;
}

interface Outcome {
  readonly mapped: Mapped;
  readonly lines: readonly string[];
  readonly warnings: ReturnType<MappingWarnings['byRule']>;
}

function outcomeOf(rules: RuleSet, record: StreamRecord): Outcome {
  const warnings = new MappingWarnings();
  const mapped = rules.apply(record, warnings);
  return { mapped, lines: pointsOf(mapped).flatMap(lineOf), warnings: warnings.byRule() };
}

function pointsOf(mapped: Mapped): readonly Point[] {
  return mapped.kind === 'filtered' ? [] : (mapped.points ?? []);
}

/** None for a point that no store would be sent. */
function lineOf(point: Point): string[] {
  const line = new LineEncoder().encode(point);
  return typeof line === 'string' ? [line] : [];
}

/** A line is read back as exactly the point it was made of, whichever store reads it. */
function expectNothingInjected(point: Point): void {
  const expected: ParsedLine = {
    measurement: point.series.measurement,
    tags: point.series.tags.map(({ name, value }) => [name, value]),
    fields: point.fields.map((field) => [field.name, asWritten(field)]),
    timestampNs: point.timestampNs,
  };
  for (const line of lineOf(point)) {
    for (const reading of ['literal', 'pairs'] as const) expect(parseLine(line, reading)).toEqual(expected);
  }
}

/** Line protocol does not keep the sign of zero. */
function asWritten(field: Field): Field['value'] {
  return field.type === 'float' ? field.value + 0 : field.value;
}

function identityOf({ series, timestampNs }: Point): string {
  return JSON.stringify([series.measurement, series.tags, String(timestampNs)]);
}

const matching = fc.constantFrom('first' as const, 'all' as const);

/** One to three rules with names of their own. */
function ruleLists(maxNames?: number) {
  return fc
    .array(randomRule(maxNames), { minLength: 1, maxLength: 3 })
    .map((rules) => rules.map((rule, nth) => ({ ...rule, name: `r${nth}` })));
}

describe('whatever the rules and the records', () => {
  test('nothing throws, no line is injected, and a replay gives the same lines and the same warnings', () => {
    const seen = { compiled: 0, lines: 0, points: 0, parkedWithPoints: 0, filtered: 0, parked: 0 };
    fc.assert(
      fc.property(ruleLists(), matching, randomRecords, (rules, match, records) => {
        const warm = compiled(rules, match);
        if (warm === undefined) return;
        seen.compiled++;
        for (const record of records) {
          const outcome = outcomeOf(warm, record);
          expect(outcomeOf(compiled(rules, match)!, record)).toEqual(outcome);
          const points = pointsOf(outcome.mapped);
          points.forEach(expectNothingInjected);
          seen.lines += outcome.lines.length;
          if (outcome.mapped.kind === 'filtered') seen.filtered++;
          else if (outcome.mapped.kind === 'points') seen.points++;
          else if (points.length > 0) seen.parkedWithPoints++;
          else seen.parked++;
        }
      }),
      { numRuns: RUNS },
    );
    // The generator would hide everything if most of its rules were refused, or gave nothing.
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(RUNS / 100);
  });

  test('no two points of one message by one rule have the same series and time, and none by several the same field', () => {
    fc.assert(
      fc.property(ruleLists(), matching, randomRecords, (list, match, records) => {
        const rules = compiled(list, match);
        if (rules === undefined) return;
        const isByOneRule = match === 'first' && list.every((rule) => rule.continue !== true);
        for (const record of records) {
          const points = pointsOf(outcomeOf(rules, record).mapped);
          const identities = points.map(identityOf);
          // Several rules may give different fields of one point.
          if (isByOneRule) expect(new Set(identities).size).toBe(identities.length);
          const fields = points.flatMap((point) =>
            point.fields.map(({ name }) => `${identityOf(point)} ${name}`),
          );
          expect(new Set(fields).size).toBe(fields.length);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('each record has one outcome in the ledger, also where the store refuses points', () => {
    fc.assert(
      fc.property(
        ruleLists(),
        matching,
        randomRecords,
        fc.func(fc.boolean()),
        (rules, match, records, isRefused) => {
          const ruleSet = compiled(rules, match);
          if (ruleSet === undefined) return;
          const parts = [{ partition: 'p', records, lost: { damaged: 0, dropped: 0 } }];
          const batch: RecordBatch = { parts, position: '', release: () => undefined };
          const prepared = prepareBatch(
            batch,
            (record) => ruleSet.apply(record, new MappingWarnings()),
            () => new StateTables(),
            0,
          );
          const rejections = prepared.points.flatMap((_point, index) =>
            isRefused(index) ? [{ index, code: 'store-refused' as const, reason: 'no' }] : [],
          );
          const rejected = parkRejected(prepared, rejections, 0);
          const ledger = new Ledger();
          recordOutcomes(ledger, prepared, rejected, new Map());
          const { written, parked, filtered } = ledger.totals();
          const sum = (counts: Readonly<Record<string, number>>) =>
            Object.values(counts).reduce((a, b) => a + b, 0);
          expect(written + sum(parked) + sum(filtered)).toBe(records.length);
          const parkedOnce = [...prepared.parts[0]!.parked, ...rejected.map((one) => one.parked)];
          expect(new Set(parkedOnce.map(({ receivedAtNs }) => receivedAtNs)).size).toBe(parkedOnce.length);
          expect(parkedOnce).toHaveLength(sum(parked));
        },
      ),
      { numRuns: RUNS / 4 },
    );
  });
});

describe('the bound on names out of messages', () => {
  test('decides whether a record parks, and never what a line is', () => {
    let parks = 0;
    fc.assert(
      fc.property(ruleLists(2), matching, randomRecords, (rules, match, records) => {
        const bounded = compiled(rules, match);
        const free = compiled(
          rules.map((rule) => ({ ...rule, maxNames: 1_000 })),
          match,
        );
        if (bounded === undefined || free === undefined) return;
        for (const record of records) {
          const { mapped, lines } = outcomeOf(bounded, record);
          const expected = outcomeOf(free, record);
          expect(expected.lines).toEqual(expect.arrayContaining([...lines]));
          if (mapped.kind !== 'parked') expect(mapped).toEqual(expected.mapped);
          else if (mapped.code === 'too-many-names') parks++;
        }
      }),
      { numRuns: RUNS },
    );
    expect(parks).toBeGreaterThan(RUNS / 100);
  });
});
