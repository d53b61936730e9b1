import { createHash, randomUUID } from 'node:crypto';
import type { SavedMark } from '../journal-lines.js';
import type { AggregateLayout } from '../layout.js';
import type { GroupKey } from '../window-marks.js';
import type { SharedRow, SharedRows } from './shared-rows.js';

/** Windows that are due, as a consumer writes them. */
export interface SharedMark extends SavedMark {
  /** The window had closed, or may have. */
  readonly isLate?: boolean;
  /** The store does not have the points yet; the consumer writes the mark once more when it has. */
  readonly isWriting?: boolean;
}

/** One row: a window that is due, as a whole or for one group. */
export interface DueRow {
  readonly key: string;
  /** Another one with every write of the row. */
  readonly version: string;
  readonly measurement: string;
  readonly startMs: number;
  /** Absent: the whole window. */
  readonly group?: GroupKey;
  readonly isLate: boolean;
  readonly isWriting: boolean;
  readonly isRebuild: boolean;
  readonly isForced: boolean;
}

/** Which consumer computes the windows. */
export interface ComputerRow {
  /** Absent: it has stopped. */
  readonly owner?: string;
  /** Rises with every write of the row. */
  readonly counter: number;
  /** No window that closes later has been computed as a closed one, ms since 1970; -Infinity: none has. It never falls. */
  readonly closedToMs: number;
  /** What the owner shows of the windows, as JSON. */
  readonly report: string;
}

const MARK = 'mark';
const COMPUTER = 'computer';
const LAYOUT = 'layout';

/** The table of the windows in the terms of windows. Every method rejects as SharedRows does. */
export class SharedTable {
  readonly #rows: SharedRows;

  constructor(rows: SharedRows) {
    this.#rows = rows;
  }

  prepare(): Promise<void> {
    return this.#rows.prepare();
  }

  close(): void {
    this.#rows.close();
  }

  async due(): Promise<readonly DueRow[]> {
    const rows = await this.#rows.scan();
    return rows.filter(({ values }) => values.kind === MARK).map(dueOfRow);
  }

  /** Writes the marks with a new version, in place of those of the same windows and groups. Resolves with their rows. */
  async put(marks: readonly SharedMark[]): Promise<readonly DueRow[]> {
    const version = randomUUID();
    const due = new Map(marks.flatMap((mark) => dueOf(mark, version)).map((one) => [one.key, one]));
    const all = [...due.values()];
    if (all.length > 0) await this.#rows.putAll(all.map(rowOfDue));
    return all;
  }

  /** Resolves false when the row has another version by now, or is gone. */
  remove({ key, version }: Pick<DueRow, 'key' | 'version'>): Promise<boolean> {
    return this.#rows.remove(key, { version });
  }

  async computer(): Promise<ComputerRow | undefined> {
    const row = await this.#rows.get(COMPUTER);
    if (row === undefined) return undefined;
    const { owner, counter, closedToMs = Number.NEGATIVE_INFINITY, report = '' } = row.values;
    return {
      ...(owner !== undefined && owner !== '' && { owner: String(owner) }),
      counter: Number(counter),
      closedToMs: Number(closedToMs),
      report: String(report),
    };
  }

  /** Replaces the row as it was last known. Resolves false when another consumer has written it since. */
  writeComputer(known: ComputerRow | undefined, next: ComputerRow): Promise<boolean> {
    const { owner = '', counter, closedToMs, report } = next;
    const set = { owner, counter, report, ...(Number.isFinite(closedToMs) && { closedToMs }) };
    return this.#rows.write(COMPUTER, set, { counter: known?.counter ?? null });
  }

  /** What an aggregate was when it was configured last; undefined: it never was. */
  async layout(aggregate: string): Promise<AggregateLayout | undefined> {
    const row = await this.#rows.get(layoutKey(aggregate));
    return row && (JSON.parse(String(row.values.layout)) as AggregateLayout);
  }

  /** Resolves false when it is not `known` any more. */
  writeLayout(known: AggregateLayout | undefined, next: AggregateLayout): Promise<boolean> {
    return this.#rows.write(
      layoutKey(next.name),
      { kind: LAYOUT, layout: JSON.stringify(next) },
      { layout: known === undefined ? null : JSON.stringify(known) },
    );
  }

  /** Forgets an aggregate and what is due of it. No consumer may run. */
  async drop(known: AggregateLayout): Promise<void> {
    const due = await this.due();
    for (const one of due) if (one.measurement in known.resolutions) await this.remove(one);
    await this.#rows.remove(layoutKey(known.name), { layout: JSON.stringify(known) });
  }
}

function layoutKey(aggregate: string): string {
  return `${LAYOUT} ${aggregate}`;
}

function dueOf({ groups, measurement, startMs, ...flags }: SharedMark, version: string): DueRow[] {
  const { isLate = false, isWriting = false, isRebuild = false, isForced = false } = flags;
  const one = { version, measurement, startMs, isLate, isWriting, isRebuild, isForced };
  const key = `${MARK} ${measurement} ${startMs}`;
  if (groups === undefined) return [{ ...one, key }];
  return groups.map((group) => ({ ...one, key: `${key} ${shortened(group)}`, group }));
}

/** The key of a row has at most 2,048 bytes; the tags of a group may have more. */
function shortened(group: GroupKey): string {
  return createHash('sha256').update(group).digest('base64url');
}

function rowOfDue({ key, version, measurement, startMs, group, ...flags }: DueRow): SharedRow {
  const { isLate, isWriting, isRebuild, isForced } = flags;
  return {
    key,
    values: {
      ...{ kind: MARK, version, measurement, startMs },
      ...(group !== undefined && { group }),
      ...(isLate && { late: 1 }),
      ...(isWriting && { writing: 1 }),
      ...(isRebuild && { rebuild: 1 }),
      ...(isForced && { forced: 1 }),
    },
  };
}

function dueOfRow({ key, values }: SharedRow): DueRow {
  const { version, measurement, startMs, group, late, writing, rebuild, forced } = values;
  return {
    key,
    version: String(version),
    measurement: String(measurement),
    startMs: Number(startMs),
    ...(group !== undefined && { group: String(group) }),
    isLate: late === 1,
    isWriting: writing === 1,
    isRebuild: rebuild === 1,
    isForced: forced === 1,
  };
}
