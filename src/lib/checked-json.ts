import { crc32 } from 'node:zlib';

/** What a file with a checksum holds, or why it cannot be used. */
export type CheckedContent =
  | { readonly kind: 'good'; readonly content: unknown; readonly crc32: number }
  | { readonly kind: 'damaged'; readonly why: string };

/** The text of a file: one JSON object with `content` under `key`, beside a checksum over it. */
export function checkedJson(key: string, content: unknown): string {
  return `${JSON.stringify({ crc32: crc32(JSON.stringify(content)), [key]: content })}\n`;
}

/** Reads such a text. It checks that the content is what was written, not what it means. */
export function parseCheckedJson(key: string, text: string): CheckedContent {
  if (text.trim() === '') return { kind: 'damaged', why: 'the file is empty' };
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    // The message of JSON.parse quotes the text, which may be anything.
    return { kind: 'damaged', why: 'it is not JSON' };
  }
  const { crc32: sum, [key]: content } = asObject(saved);
  if (content === undefined || typeof sum !== 'number' || crc32(JSON.stringify(content)) !== sum) {
    return { kind: 'damaged', why: 'its checksum does not match' };
  }
  return { kind: 'good', content, crc32: sum };
}

/** `value` with its keys; an empty object when it is none, so that a check of each key fails. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
