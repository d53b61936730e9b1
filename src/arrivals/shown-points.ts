import { tagByName } from '../devices/device-tags.js';
import type { Field, Point, Tag } from '../sink/point.js';
import type { ArrivalResult } from './arrival.js';
import { shortName } from './arrived-message.js';

/** How many points of a message are looked at: a message of a hub may have thousands. */
const MAX_POINTS = 10;
const MAX_LINES_CHARACTERS = 4 * 1024;

export interface PointText {
  /** A point as line protocol. */
  lineOf(point: Point): string;
  /** The unit of a field that a rule states. */
  unitOf?(rule: string, field: string): string | undefined;
}

/** What is shown of the points of a message; the lines are cut to 4 KiB together. */
export function shownPoints(
  rule: string,
  points: readonly Point[],
  { lineOf, unitOf }: PointText,
): Partial<ArrivalResult> {
  const [first] = points;
  if (first === undefined) return {};
  const { measurement, tags } = first.series;
  const field = mainField(first.fields);
  const device = deviceTag(tags);
  const unit = unitOf?.(rule, field.name);
  const lines: string[] = [];
  let room = MAX_LINES_CHARACTERS;
  for (const point of points.slice(0, MAX_POINTS)) {
    const line = lineOf(point).slice(0, room);
    room -= line.length;
    lines.push(line);
    if (room === 0) break;
  }
  return {
    measurement: shortName(measurement),
    ...(device !== undefined && { device: shortName(device.value) }),
    field: shortName(field.name),
    value: shownValue(field),
    ...(unit !== undefined && { unit }),
    lines,
    ...(points.length > lines.length && { moreLines: points.length - lines.length }),
  };
}

/** The tag values of the first points: each may be what somebody calls their device. */
export function namesIn(points: readonly Point[]): readonly string[] {
  const names = new Set<string>();
  for (const { series } of points.slice(0, MAX_POINTS)) {
    for (const { value } of series.tags) names.add(shortName(value));
  }
  return [...names];
}

/** The tag with a usual name for devices, else the only one. */
function deviceTag(tags: readonly Tag[]): Tag | undefined {
  const usual = tagByName(tags.map(({ name }) => name));
  const named = tags.find(({ name }) => name === usual);
  return named ?? (tags.length === 1 ? tags[0] : undefined);
}

/** A point has at least one field. */
function mainField(fields: readonly Field[]): Field {
  return fields.find(({ type }) => type === 'float' || type === 'int') ?? fields[0]!;
}

function shownValue(field: Field): number | string | boolean {
  if (field.type === 'string') return shortName(field.value);
  if (field.type !== 'int') return field.value;
  const number = Number(field.value);
  return Number.isSafeInteger(number) ? number : String(field.value);
}
