/** @import { FieldValue, LatestGroup } from './types.js' */

/** What a spreadsheet would run as a formula. */
const FORMULA_START = /^[=+\-@\t\r]/;

/**
 * The groups of an answer as CSV (RFC 4180): device, time of the newest point, and a column a field.
 *
 * @param {string} tag
 * @param {readonly LatestGroup[]} groups
 */
export function devicesCsv(tag, groups) {
  const fields = [...new Set(groups.flatMap(({ values }) => values.map(({ field }) => field)))].sort();
  const rows = groups.map(({ name, atMs, values }) => {
    const byField = new Map(values.map(({ field, value }) => [field, value]));
    return [name, new Date(atMs).toISOString(), ...fields.map((field) => byField.get(field) ?? '')];
  });
  return [[tag, 'last_value_at', ...fields], ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
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
