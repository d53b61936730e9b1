import { isUtf8 } from 'node:buffer';
import type { ParkCode } from '../../dead-letter/park-codes.js';
import { type Rejected, rejected } from '../payload-format.js';

/** What follows the first byte of an item: bytes of a kind, or a number of items. */
interface Head {
  readonly kind: 'text' | 'bytes' | 'list' | 'map' | 'integer' | 'other';
  /** Bytes of the head, with the first and with the type of an extension. */
  readonly headBytes: number;
  /** Bytes, elements or pairs. */
  readonly length: number;
}

interface Open {
  readonly isMap: boolean;
  /** Items that are still to come; keys and values of a map are one each. */
  left: number;
}

/** The keys of all maps, when a payload is well-formed. */
export type MsgpackWalk = { readonly ok: true; readonly keys: number } | Rejected;

/**
 * Goes over the heads of all items before the library sees them: it would make room for a length that the payload cannot
 * hold, replace bytes that are not UTF-8, and go as deep as the payload. It keeps a list of open lists and maps instead of
 * recursion.
 */
export function walkMsgpack(bytes: Buffer, maxDepth: number): MsgpackWalk {
  const open: Open[] = [];
  let keys = 0;
  let at = 0;
  do {
    const isKey = isAtKey(open);
    const head = headAt(bytes, at);
    if (head === undefined) return failed('payload-not-decodable', at, malformed(bytes, at));
    const { kind, headBytes, length } = head;
    const start = at + headBytes;
    const itemBytes = kind === 'list' ? length : kind === 'map' ? 2 * length : length;
    const left = bytes.length - start;
    if (itemBytes > left) {
      const problem = `a length says ${itemBytes} more bytes or values, and ${Math.max(left, 0)} bytes are left`;
      return failed('payload-not-decodable', at, `the payload is not MessagePack: ${problem}`);
    }
    if (isKey) {
      keys++;
      if (kind !== 'text' && kind !== 'integer') {
        return failed('payload-forbidden-key', at, 'a key is neither text nor an integer');
      }
    }
    if (kind === 'list' || kind === 'map') {
      if (open.length >= maxDepth) {
        return failed('payload-too-deep', at, `arrays and maps are nested more than ${maxDepth} levels deep`);
      }
      open.push({ isMap: kind === 'map', left: itemBytes });
      at = start;
    } else {
      at = start + length;
      if (kind === 'text') {
        const text = bytes.subarray(start, at);
        if (!isUtf8(text)) return failed('payload-not-utf8', at - length, 'a text is not UTF-8');
        // The library would throw.
        if (isKey && text.toString('latin1') === PROTO) {
          return failed('payload-forbidden-key', start, 'the key "__proto__" is not allowed');
        }
      }
      const last = open.at(-1);
      if (last !== undefined) last.left--;
    }
    while (open.at(-1)?.left === 0) {
      open.pop();
      const parent = open.at(-1);
      if (parent !== undefined) parent.left--;
    }
  } while (open.length > 0);
  if (at === bytes.length) return { ok: true, keys };
  const problem = `the payload is not MessagePack: the value ends, and ${bytes.length - at} bytes follow it`;
  return failed('payload-not-decodable', at, problem);
}

const PROTO = '__proto__';

function isAtKey(open: readonly Open[]): boolean {
  const last = open.at(-1);
  return last?.isMap === true && last.left % 2 === 0;
}

/** Undefined where no item begins, or where its head is cut. */
function headAt(bytes: Buffer, at: number): Head | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80 || first >= 0xe0) return head('integer', 1, 0);
  if (first < 0x90) return head('map', 1, first & 0x0f);
  if (first < 0xa0) return head('list', 1, first & 0x0f);
  if (first < 0xc0) return head('text', 1, first & 0x1f);
  switch (first) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return head('other', 1, 0);
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return withLength(bytes, at, 'bytes', 2 ** (first - 0xc4));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return withLength(bytes, at, 'bytes', 2 ** (first - 0xc7), 1);
    case 0xca:
      return head('other', 1, 4);
    case 0xcb:
      return head('other', 1, 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return head('integer', 1, 2 ** (first - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return head('integer', 1, 2 ** (first - 0xd0));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return head('bytes', 2, 2 ** (first - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return withLength(bytes, at, 'text', 2 ** (first - 0xd9));
    case 0xdc:
    case 0xdd:
      return withLength(bytes, at, 'list', 2 ** (first - 0xdb));
    case 0xde:
    case 0xdf:
      return withLength(bytes, at, 'map', 2 ** (first - 0xdd));
    default:
      return undefined;
  }
}

function head(kind: Head['kind'], headBytes: number, length: number): Head {
  return { kind, headBytes, length };
}

function withLength(
  bytes: Buffer,
  at: number,
  kind: Head['kind'],
  width: number,
  typeBytes = 0,
): Head | undefined {
  if (at + 1 + width > bytes.length) return undefined;
  return head(kind, 1 + width + typeBytes, bytes.readUIntBE(at + 1, width));
}

function malformed(bytes: Buffer, at: number): string {
  if (at >= bytes.length) return 'the payload is not MessagePack: it ends where a value should be';
  if (bytes[at] === 0xc1) return 'the payload is not MessagePack: the byte C1 begins no item';
  return 'the payload is not MessagePack: it ends inside a length';
}

function failed(code: ParkCode, at: number, problem: string): Rejected {
  return rejected(code, `${problem} at byte ${at + 1}`);
}
