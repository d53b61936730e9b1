import { relative } from 'node:path';
import { TimeSlice } from '../lib/time-slice.js';
import { deadLetterFolders } from './dead-letter-files.js';
import { type ParkedFilter, parkedFromEnd, type ScanPlace, type ScanStep } from './dead-letter-reader.js';
import type { ParkedRecord } from './parked-record.js';

export interface ScanLimits {
  /** Limit of records that are found. */
  readonly maxRecords: number;
  /** Limit of bytes that are read; a scan may exceed it by one slice. */
  readonly maxBytes: number;
  readonly maxMs: number;
  /** How long the scan rests after each 5 ms of work; 0 by default. */
  readonly restMs?: number;
}

export interface ParkedScan {
  readonly found: readonly FoundRecord[];
  /** Where the next scan goes on; absent when everything has been searched. */
  readonly next?: string;
  /** True when a limit of bytes or time ended the scan. */
  readonly isIncomplete: boolean;
}

export interface FoundRecord {
  readonly parked: ParkedRecord;
  /** A scan from here finds this record first. */
  readonly cursor: string;
}

/** A folder whose search goes on, and the record that was found in it last and is not in the result yet. */
interface FolderScan {
  readonly name: string;
  readonly steps: AsyncGenerator<ScanStep>;
  place: ScanPlace | undefined;
  head: { readonly parked: ParkedRecord; readonly behind: ScanPlace } | undefined;
  isOver: boolean;
}

/**
 * Searches all folders of the dead letter for the newest records that match, within limits of records, bytes and time.
 * The result of several scans, each from `next` of the one before, is the result of one without limits. A cursor that
 * does not fit (any more) is not an error: what it names is then not there.
 */
export async function scanParked(
  directory: string,
  filter: ParkedFilter,
  limits: ScanLimits,
  after?: string,
): Promise<ParkedScan> {
  const cursor = after === undefined ? undefined : parseCursor(after);
  const budget = { bytes: limits.maxBytes, untilMs: performance.now() + limits.maxMs };
  const timeSlice = new TimeSlice(limits.restMs);
  const scans: FolderScan[] = [];
  for (const folder of await deadLetterFolders(directory)) {
    const name = relative(directory, folder);
    const place = cursor?.places.get(name);
    if (cursor?.isOnly === true && place === undefined) continue;
    const steps = parkedFromEnd(folder, filter, { from: place, timeSlice });
    scans.push({ name, steps, place, head: undefined, isOver: false });
  }
  const found: FoundRecord[] = [];
  try {
    while (found.length < limits.maxRecords) {
      for (const scan of scans) {
        if (!(await findHead(scan, budget))) return { found, next: cursorOf(scans), isIncomplete: true };
        // No other record has this id.
        if (filter.id !== undefined && scan.head !== undefined) break;
      }
      const newest = newestHead(scans);
      if (newest === undefined) return { found, isIncomplete: false };
      const { parked, behind } = newest.head!;
      found.push({ parked, cursor: cursorOfRecord(newest.name, behind) });
      newest.head = undefined;
    }
    return { found, next: cursorOf(scans), isIncomplete: false };
  } finally {
    for (const { steps } of scans) await steps.return(undefined);
  }
}

/** Searches until the folder has a head or is over. Returns false when the budget is used up before. */
async function findHead(scan: FolderScan, budget: { bytes: number; untilMs: number }): Promise<boolean> {
  // At least one step, so that scans with small limits come to an end as well: the head of a folder is found in one.
  for (let steps = 0; scan.head === undefined && !scan.isOver; steps++) {
    if (steps > 0 && (budget.bytes <= 0 || performance.now() >= budget.untilMs)) return false;
    const { value, done } = await scan.steps.next();
    if (done === true) {
      scan.isOver = true;
      return true;
    }
    budget.bytes -= value.bytes;
    scan.place = value.place;
    if (value.parked !== undefined && value.behind !== undefined) {
      scan.head = { parked: value.parked, behind: value.behind };
    }
  }
  return true;
}

function newestHead(scans: readonly FolderScan[]): FolderScan | undefined {
  let newest: FolderScan | undefined;
  for (const scan of scans) {
    if (scan.head === undefined) continue;
    if (newest?.head === undefined || scan.head.parked.parkedAtMs > newest.head.parked.parkedAtMs)
      newest = scan;
  }
  return newest;
}

/** The cursor of a record: a scan from here finds it first. `folder` is the name of its folder, `end` is behind its line. */
export function cursorOfRecord(folder: string, { file, end }: ScanPlace): string {
  return printCursor({ isOnly: true, places: new Map([[folder, { file, end }]]) });
}

interface Cursor {
  /** True when only the named folders are searched. */
  readonly isOnly: boolean;
  readonly places: ReadonlyMap<string, ScanPlace>;
}

const NOTHING_LEFT: ScanPlace = { file: 0, end: 0 };

/** A head is not in the result yet: the next scan finds it again. */
function cursorOf(scans: readonly FolderScan[]): string {
  const places = new Map<string, ScanPlace>();
  for (const { name, place, head, isOver } of scans) {
    const from = head?.behind ?? (isOver ? NOTHING_LEFT : place);
    if (from !== undefined) places.set(name, from);
  }
  return printCursor({ isOnly: false, places });
}

function printCursor({ isOnly, places }: Cursor): string {
  const json = [isOnly ? 1 : 0, [...places].map(([name, { file, end }]) => [name, file, end])];
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

/** Comes from outside: anything that is not a cursor searches nothing. */
function parseCursor(text: string): Cursor {
  const places = new Map<string, ScanPlace>();
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return { isOnly: true, places };
  }
  const [only, listed] = Array.isArray(json) ? (json as unknown[]) : [];
  if (!Array.isArray(listed)) return { isOnly: true, places };
  for (const entry of listed as unknown[]) {
    const [name, file, end] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name !== 'string' || !isOffset(file) || !isOffset(end))
      return { isOnly: true, places: new Map() };
    places.set(name, { file, end });
  }
  return { isOnly: only === 1, places };
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
