const NS_PER_SECOND = 1_000_000_000;
/** Of the years 0 to 9999, which RFC 3339 can write. */
const MIN_SECONDS = -62_167_219_200n;
const MAX_SECONDS = 253_402_300_799n;

/** The timestamp extension (type -1) as RFC 3339, to the nanosecond. Throws for bytes that are none. */
export function timestampText(data: Uint8Array): string {
  const { seconds, ns } = partsOf(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  if (ns >= NS_PER_SECOND || seconds < MIN_SECONDS || seconds > MAX_SECONDS) {
    throw new Error('a timestamp has more than 999999999 ns, or is not one of the years 0 to 9999');
  }
  const dateTime = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return ns === 0 ? `${dateTime}Z` : `${dateTime}.${String(ns).padStart(9, '0')}Z`;
}

function partsOf(bytes: Buffer): { seconds: bigint; ns: number } {
  switch (bytes.length) {
    case 4:
      return { seconds: BigInt(bytes.readUInt32BE(0)), ns: 0 };
    case 8: {
      // 30 bits of nanoseconds, 34 bits of seconds.
      const bits = bytes.readBigUInt64BE(0);
      return { seconds: bits & 0x3_ffff_ffffn, ns: Number(bits >> 34n) };
    }
    case 12:
      return { seconds: bytes.readBigInt64BE(4), ns: bytes.readUInt32BE(0) };
    default:
      throw new Error(`a timestamp has ${bytes.length} bytes instead of 4, 8 or 12`);
  }
}
