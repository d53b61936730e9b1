import { checkTextBytes } from '../../../influxql/answer-limits.js';
import { leafOf, type SelectPlan } from '../../../influxql/plan-select.js';
import type { TimeRange } from '../../../influxql/split-condition.js';
import type { InterruptibleRead } from '../interruptible-read.js';
import { fromSql, type GroupedPoints } from './group-points.js';

/** Functions that keep every text of a window, and not one of them. */
const KEEPS_ALL: ReadonlySet<string> = new Set(['distinct', 'count distinct', 'mode']);

/**
 * Rejects with an InfluxqlError when the texts that a SELECT keeps would not fit into the memory that it shares with the
 * writer, whose commits would fail.
 *
 * @param rows how many values are kept of each field
 */
export async function checkTexts(
  read: InterruptibleRead,
  grouped: GroupedPoints,
  plan: SelectPlan,
  range: TimeRange,
  rows: number,
): Promise<void> {
  const { fields } = grouped.stored;
  const columns = new Map<string, boolean>();
  const add = (name: string, keepsAll: boolean) => {
    const field = fields.get(name);
    if (field?.type === 'string') columns.set(field.column, keepsAll || columns.get(field.column) === true);
  };
  for (const { of } of plan.calls) {
    const leaf = leafOf(of);
    const name = leaf.kind === 'values' ? undefined : leaf.name;
    // A count of points reads no text.
    if (name !== 'count') add(leaf.field, name !== undefined && KEEPS_ALL.has(name));
  }
  for (const { of } of plan.references) if (of.cast !== 'tag') add(of.name, false);
  if (columns.size === 0) return;
  const sizes = [...columns.keys()].map((column) => `sum(strlen(p.${column})), max(strlen(p.${column}))`);
  const [found = []] = await read.rows(
    `${grouped.withSql} SELECT ${sizes.join(', ')} ${fromSql(grouped, range, false)}`,
  );
  let bytes = 0;
  for (const [nth, keepsAll] of [...columns.values()].entries()) {
    const [total, longest] = [Number(found[2 * nth] ?? 0), Number(found[2 * nth + 1] ?? 0)];
    bytes += keepsAll ? total : Math.min(total, rows * longest);
  }
  checkTextBytes(bytes);
}
