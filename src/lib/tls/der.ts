/** One value of DER (X.690): a tag, a length and content. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly bytes: Buffer;
}

export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** Reads the values that follow one another in these bytes. Throws when they are not DER. */
export function readDer(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { start, length } = readLength(bytes, at + 1);
    const end = start + length;
    if (end > bytes.length) throw new Error('the DER text is cut off');
    values.push({ tag: bytes[at]!, content: bytes.subarray(start, end), bytes: bytes.subarray(at, end) });
    at = end;
  }
  return values;
}

function readLength(bytes: Buffer, at: number): { start: number; length: number } {
  const first = bytes[at];
  if (first === undefined) throw new Error('the DER text is cut off');
  if (first < 0x80) return { start: at + 1, length: first };
  const count = first & 0x7f;
  if (count === 0 || count > 4 || at + 1 + count > bytes.length) throw new Error('a DER length is not valid');
  return { start: at + 1 + count, length: bytes.readUIntBE(at + 1, count) };
}

/** Returns the time of a UTCTime or GeneralizedTime in ms since 1970 (RFC 5280, 4.1.2.5). */
export function readDerTime({ tag, content }: DerValue): number {
  const text = content.toString('latin1');
  const digits = tag === DER.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (match === null) throw new Error('a time is not valid');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, ...number[]];
  return Date.UTC(year, month! - 1, day, hour, minute, second);
}

/** Writes one value. */
export function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const all = Buffer.concat(content);
  if (all.length < 0x80) return Buffer.concat([Buffer.from([tag, all.length]), all]);
  const digits = all.length.toString(16);
  const length = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, all]);
}

/** Writes an object identifier such as `2.5.4.3`. */
export function derObjectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest.flatMap(base128)];
  return der(DER.objectId, Buffer.from(bytes));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** Writes a time: UTCTime until 2049, as RFC 5280 demands, GeneralizedTime from then on. */
export function derTime(ms: number): Buffer {
  const date = new Date(ms);
  const text = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? der(DER.utcTime, Buffer.from(text.slice(2)))
    : der(DER.generalizedTime, Buffer.from(text));
}
