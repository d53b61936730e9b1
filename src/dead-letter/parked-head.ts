import { hasGoodChecksum } from './checked-line.js';
import type { ParkedRecord } from './parked-record.js';

/** What counting parked records needs of each. */
export type ParkedHead = Pick<ParkedRecord, 'code' | 'clientId'>;

/** Code and client are in front of the payload: in so many bytes, except with a very long topic or reason. */
const HEAD_BYTES = 1024;

const CODE = '"code":"';
const CLIENT_ID = '"clientId":"';

/**
 * Reads code and client of an undamaged line without parsing its payload, which is several times faster. The keys cannot
 * be found inside a text, because JSON escapes its quotes. `undefined`: the line must be parsed to know.
 */
export function parkedHead(line: Buffer): ParkedHead | undefined {
  const head = line.toString('latin1', 0, HEAD_BYTES);
  const code = plainText(head, CODE, 0);
  const clientId = plainText(head, CLIENT_ID, code?.end ?? 0);
  if (code === undefined || clientId === undefined || !hasGoodChecksum(line)) return undefined;
  return {
    code: code.text as ParkedRecord['code'],
    clientId: line.toString('utf8', clientId.end - clientId.text.length, clientId.end),
  };
}

/** The text behind a key, byte for byte, and where it ends; `undefined` when it has escapes, or is not wholly there. */
function plainText(
  head: string,
  key: string,
  from: number,
): { readonly text: string; readonly end: number } | undefined {
  const at = head.indexOf(key, from);
  const start = at + key.length;
  const end = head.indexOf('"', start);
  if (at < 0 || end < 0) return undefined;
  const text = head.slice(start, end);
  return text.includes('\\') ? undefined : { text, end };
}
