/** @import { FieldValue, LatestGroup } from './types.js' */

/** @typedef {{ measurement: string, tag: string, groups: readonly LatestGroup[] }} CsvTable */

/** What a spreadsheet would run as a formula. */
const FORMULA_START = /^[=+\-@\t\r]/;

/**
 * Tables of devices as CSV (RFC 4180): measurement, the tag that names the device, its name, the time of its newest
 * point, and a column a field.
 *
 * @param {readonly CsvTable[]} tables
 */
export function devicesCsv(tables) {
  const groups = tables.flatMap((table) => table.groups);
  const fields = [...new Set(groups.flatMap(({ values }) => values.map(({ field }) => field)))].sort();
  const rows = tables.flatMap(({ measurement, tag, groups }) =>
    groups.map(({ name, atMs, values }) => {
      const byField = new Map(values.map(({ field, value }) => [field, value]));
      const own = fields.map((field) => byField.get(field) ?? '');
      return [measurement, tag, name, new Date(atMs).toISOString(), ...own];
    }),
  );
  const head = ['measurement', 'tag', 'device', 'last_value_at', ...fields];
  return [head, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/**
 * Text that a device chose is kept from acting as a formula; numbers stay numbers.
 *
 * @param {FieldValue} content
 */
function cell(content) {
  if (typeof content !== 'string') return String(content);
  const text = FORMULA_START.test(content) ? `'${content}` : content;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
