import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SIGN_IN_REFUSALS } from '../../src/access/access.js';
import { BROKER_REFUSALS } from '../../src/broker/refusals.js';
import { settingRows } from '../../src/config/settings-table.js';
import { PARK_CODES } from '../../src/dead-letter/park-codes.js';
import { HTTP_REFUSALS } from '../../src/http/http-refusals.js';
import { WARNING_CODES } from '../../src/lib/warnings.js';
import { METRICS } from '../../src/metrics/create-metrics.js';
import { QUERY_OUTCOMES } from '../../src/sink/store-query.js';
import { page, ROOT, tableBelow } from './pages.js';

const rows = tableBelow(page('docs/limits.md'), '## All bounds').map(
  ([stage, bound, fallback, setBy, atBound, counted, shownBy]) => ({
    stage: stage!,
    bound: bound!,
    fallback: fallback!,
    setBy: setBy!,
    atBound: atBound!,
    counted: counted!,
    shownBy: shownBy!,
  }),
);

/** A constant as the table names it: its name, perhaps with a key, and its file. */
const CONSTANT = /^`([A-Z][A-Z0-9_]+)(?:\.(\w+))?` in `(src\/[\w./-]+)`$/;
const SETTING = /^`([a-z][\w.*[\]]+)`$/;

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  bytes: 1,
  characters: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  s: 1_000,
};

/** `8 KiB` → 8192. */
function quantity(text: string): number {
  const [, digits, unit] = /^([\d.]+) ?(\w*)$/.exec(text)!;
  return Number(digits) * UNITS[unit!]!;
}

/** The value that a file gives to a constant, which is a product, power or shift of numbers. */
function constantIn(file: string, name: string, key: string | undefined): number {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const declared = new RegExp(`const ${name}\\b[^=]*= ([^;]*);`).exec(source);
  if (declared === null) throw new Error(`${file} has no ${name}`);
  const text = key === undefined ? declared[1]! : new RegExp(`\\b${key}: ([^,]*),`).exec(declared[1]!)![1]!;
  const [first, ...rest] = text.replaceAll('_', '').split(/ (\*\*|\*|<<) /);
  let value = Number(first);
  // Powers come as the last factor only, as in 255 * 2 ** 20.
  for (let at = 0; at < rest.length; at += 2) {
    const factor = Number(rest[at + 1]);
    if (rest[at] === '*') value *= factor;
    else if (rest[at] === '<<') value *= 2 ** factor;
    else value **= factor;
  }
  return value;
}

describe('docs/limits.md', () => {
  it('has the default of every constant that it names', () => {
    const constants = rows.flatMap((row) => {
      const [, name, key, file] = CONSTANT.exec(row.setBy) ?? [];
      return name === undefined ? [] : [{ ...row, name, key, file: file! }];
    });
    expect(constants.length).toBeGreaterThan(50);
    for (const { bound, fallback, name, key, file } of constants) {
      expect(constantIn(file, name, key), `${bound}: ${name}`).toBe(quantity(fallback));
    }
  });

  it('has the default of every setting that it names', () => {
    const defaults = new Map(settingRows().map(({ key, default: written }) => [key, written]));
    const settings = rows.filter(({ setBy }) => SETTING.test(setBy));
    expect(settings.length).toBeGreaterThan(25);
    for (const { bound, fallback, setBy } of settings) {
      expect(defaults.get(setBy.replaceAll('`', '')), `${bound}: ${setBy}`).toBe(fallback);
    }
  });

  it('names something in the code for every other bound', () => {
    for (const { bound, setBy } of rows) {
      if (CONSTANT.test(setBy) || SETTING.test(setBy)) continue;
      const [, name, file] = /^`(\w+)` in `(src\/[\w./-]+)`$/.exec(setBy) ?? [];
      expect(name, bound).toBeDefined();
      expect(readFileSync(join(ROOT, file!), 'utf8'), bound).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  it('has every size and number limit of the configuration', () => {
    const named = new Set(rows.map(({ setBy }) => setBy.replaceAll('`', '')));
    const limits = settingRows().filter(
      ({ key, description }) => /\.max[A-Z]/.test(key) || /^Size limit|^Limit /.test(description),
    );
    // The sizes of an aggregate and of its packing cost money, not memory.
    const missing = limits
      // A policy of a rule has the limits of the one for all rules.
      .map(({ key }) => key.replace('rules[].policies.', 'consumer.policies.'))
      .filter((key) => !named.has(key) && key !== 'broker.maxConnectionsPerAddress');
    expect(missing).toEqual([]);
  });

  it('names metrics and the values of their labels that exist', () => {
    const names = new Set(METRICS.map(({ name }) => name));
    const values = new Set<string>([
      ...SIGN_IN_REFUSALS,
      ...BROKER_REFUSALS,
      ...HTTP_REFUSALS,
      ...PARK_CODES,
      ...QUERY_OUTCOMES,
      ...WARNING_CODES,
    ]);
    for (const { bound, counted } of rows) {
      expect(counted, bound).not.toBe('');
      for (const [, name, value] of counted.matchAll(/`(sluice_\w+)(?:\{\w+="([^"]+)"\})?`/g)) {
        expect(names.has(name!), `${bound}: ${name}`).toBe(true);
        if (value !== undefined) expect(values.has(value), `${bound}: ${value}`).toBe(true);
      }
    }
  });

  it('names every refusal of HTTP', () => {
    const counted = rows.map((row) => row.counted).join();
    // These refuse a request for who sends it, not for how many there are.
    const limits = HTTP_REFUSALS.filter(
      (one) => !['host-refused', 'sign-in-needed', 'role-needed'].includes(one),
    );
    expect(
      limits.filter((refusal) => !counted.includes(`sluice_http_refusals_total{reason="${refusal}"}`)),
    ).toEqual([]);
  });

  it('names tests that exist', () => {
    for (const { bound, shownBy } of rows) {
      if (shownBy === '—') continue;
      const [, file] = /^`(test\/[\w./-]+\.test\.ts)`$/.exec(shownBy) ?? [];
      expect(file, bound).toBeDefined();
      expect(existsSync(join(ROOT, file!)), `${bound}: ${file}`).toBe(true);
    }
  });
});
