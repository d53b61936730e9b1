import { randomBytes } from 'node:crypto';

/**
 * SegmentName is one file of the log. The name has all that is needed to read it, so that no damaged header can
 * make the frames behind it unreadable:  `<base sequence, 16 digits>-<salt, 8 hex digits>.seg`
 */
export interface SegmentName {
  /** The sequence of its first frame. */
  readonly base: number;
  /**
   * Random per segment and mixed into every checksum: a frame that a device hides inside a payload cannot
   * pass for a real one when recovery searches for the next good frame behind damage.
   */
  readonly salt: number;
  readonly fileName: string;
}

const PATTERN = /^(\d{16})-([0-9a-f]{8})\.seg$/;

export function newSegmentName(base: number): SegmentName {
  const salt = randomBytes(4).readUInt32LE(0);
  const fileName = `${String(base).padStart(16, '0')}-${salt.toString(16).padStart(8, '0')}.seg`;
  return { base, salt, fileName };
}

/** The segments among `fileNames`, in sequence order; other files are left alone. */
export function parseSegmentNames(fileNames: readonly string[]): SegmentName[] {
  const segments: SegmentName[] = [];
  for (const fileName of fileNames) {
    const match = PATTERN.exec(fileName);
    if (match === null) continue;
    segments.push({ base: Number(match[1]), salt: Number.parseInt(match[2]!, 16), fileName });
  }
  return segments.sort((a, b) => a.base - b.base || (a.fileName < b.fileName ? -1 : 1));
}
