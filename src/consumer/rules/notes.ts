/** What was left out or replaced while a record still became points: closed list behind a metric's label. */
export const NOTE_CODES = [
  /** No usable device time (absent, null, zero or before 1970): the receive time stands in. */
  'time-missing',
  /** A leap second (:60) became the last nanosecond before it. */
  'time-leap-second',
  /** A tag's source is absent, null or empty: the tag is left out. */
  'tag-missing',
  /** A field of a rule is not in the payload. */
  'field-missing',
  /** A field is null, or the empty text where a number or boolean is due. */
  'field-null',
  /** `fields: auto` left out text or an array. */
  'field-not-numeric',
  /** `fields: auto` left out a field whose name is reserved: `time`, `_…`, or the name of a tag. */
  'field-name-skipped',
  /** An integer beyond 2^53 became the nearest float. */
  'number-rounded',
] as const;
export type NoteCode = (typeof NOTE_CODES)[number];

/** Only ever grows; whoever passes it in owns it. */
export type NoteCounts = Record<NoteCode, number>;

export function createNoteCounts(): NoteCounts {
  return Object.fromEntries(NOTE_CODES.map((code) => [code, 0])) as NoteCounts;
}
