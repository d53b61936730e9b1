import { describe, expect, it } from 'vitest';
import { BROKER_REFUSALS } from '../../src/broker/refusals.js';
import { PARK_CODES } from '../../src/dead-letter/park-codes.js';
import { HTTP_ERROR_CODES } from '../../src/http/http-answers.js';
import { ERROR_CODES } from '../../src/lib/errors.js';
import { WARNING_CODES } from '../../src/lib/warnings.js';
import { METRICS } from '../../src/metrics/create-metrics.js';
import { MAPPING_WARNING_CODES } from '../../src/rules/mapped.js';
import { cells, page, pages, tableBelow } from './pages.js';

const CODES = new Set([...Object.keys(ERROR_CODES), ...WARNING_CODES, ...Object.keys(HTTP_ERROR_CODES)]);

/** Words in the same letters that are no codes of ours. */
const OTHER_WORDS = new Set([
  'TRIM_HORIZON',
  'AT_TIMESTAMP',
  'AFTER_SEQUENCE_NUMBER',
  'SHARD_END',
  'TCP_NODELAY',
  'TIMESTAMP_NS',
]);
const ENVIRONMENT_VARIABLE = /^(?:AWS|INFLUX|GRAFANA|SLUICE|UPDATE|MEASURE|PAHO|FUZZ)_/;

/** Codes that a changelog names because they are gone. */
const RETIRED = new Set(['BOOKS_BEGIN_ANEW', 'SETTLING_REFUSED']);

describe('codes in the documentation', () => {
  it('are in the code', () => {
    // The constants in docs/limits.md are compared by limits.test.ts.
    const wrong = pages()
      .filter(({ path }) => path !== 'docs/limits.md')
      .flatMap(({ path, text }) =>
        [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)]
          .map(([, code]) => code!)
          .filter((code) => !CODES.has(code) && !OTHER_WORDS.has(code) && !ENVIRONMENT_VARIABLE.test(code))
          .filter((code) => path !== 'CHANGELOG.md' || !RETIRED.has(code))
          .map((code) => `${path}: ${code}`),
      );
    expect(wrong).toEqual([]);
  });

  it('in tables of reasons and codes are in the code', () => {
    const known = new Set<string>([...CODES, ...PARK_CODES, ...BROKER_REFUSALS, ...MAPPING_WARNING_CODES]);
    const wrong = pages().flatMap(({ path, text }) =>
      tablesOf(text)
        .filter(([head]) => ['code', 'reason', 'note'].includes(cells(head!)[0]!))
        .flatMap(([, , ...rows]) => rows.flatMap((row) => [...cells(row)[0]!.matchAll(/`([^`]+)`/g)]))
        .map(([, code]) => code!)
        .filter((code) => !known.has(code))
        .map((code) => `${path}: ${code}`),
    );
    expect(wrong).toEqual([]);
  });

  it('named as metrics are metrics', () => {
    // The measurement of annotations and a label are named like one.
    const known = new Set([...METRICS.map(({ name }) => name), 'sluice_events', 'sluice_docs']);
    const wrong = pages().flatMap(({ path, text }) =>
      [...text.matchAll(/`(sluice_[a-z_]*[a-z])(?:\{[^}]*\})?`/g)]
        .map(([, name]) => name!)
        .filter((name) => !known.has(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

it('docs/metrics.md explains every mapping warning, in the order of the code', () => {
  const rows = tableBelow(page('docs/metrics.md'), '## Mapping warnings');
  expect(rows.map(([note]) => note)).toEqual(MAPPING_WARNING_CODES.map((code) => `\`${code}\``));
});

/** The lines of each table, its head first. */
function tablesOf(text: string): string[][] {
  return (text.match(/(?:^\|.*\|\n)+/gm) ?? []).map((table) => table.trimEnd().split('\n'));
}
