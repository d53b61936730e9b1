import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folded, literal, quoted, shownName } from '../../../src/sink/duckdb/identifiers.js';

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('"', "'", '\\', '\0', ';', '-', '/*', '\n', 'é', 'A', 'a') }),
);

describe('names in SQL', () => {
  let instance: DuckDBInstance;
  beforeAll(async () => {
    instance = await DuckDBInstance.create(':memory:');
  });
  afterAll(() => instance.closeSync());

  test('any text survives as a literal, and any shown name as an identifier', async () => {
    const connection = await instance.connect();
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const shown = shownName(text, new Set());
        const answer = await connection.runAndReadAll(`SELECT ${literal(text)} AS ${quoted(shown)}`);
        expect(answer.getRows()).toEqual([[text]]);
        expect(answer.columnNames()).toEqual([shown]);
      }),
      { numRuns: 300 },
    );
    connection.disconnectSync();
  });

  test('names are folded as DuckDB compares them: A to Z only', async () => {
    const connection = await instance.connect();
    await connection.run('CREATE TABLE umlauts ("Ä" INTEGER, "ä" INTEGER)');
    await expect(connection.run('CREATE TABLE letters ("A" INTEGER, "a" INTEGER)')).rejects.toThrow(
      'already exists',
    );
    expect(folded('AÄz')).toBe('aÄz');
    connection.disconnectSync();
  });

  test.each([
    [
      ['Temp', 'temp', 'TEMP'],
      ['Temp', 'temp_2', 'TEMP_3'],
    ],
    [
      ['temp_2', 'temp', 'Temp'],
      ['temp_2', 'temp', 'Temp_3'],
    ],
    [
      ['', '\0', '\n'],
      ['_', '__2', '__3'],
    ],
    [['Time'], ['Time_2']],
  ])('%j is shown as %j beside the column time', (names, shown) => {
    const taken = new Set(['time']);
    expect(names.map((name) => shownName(name, taken))).toEqual(shown);
  });
});
