const MAX_VARINT_BYTES = 10;
const MAX_TAG = 0xffff_ffff;

/** BAD is no tag, length or value: the bytes are damaged. */
export const BAD = -1;

/**
 * ProtobufCursor walks the fields of one protobuf message in untrusted bytes. Every method checks the bounds and returns
 * BAD (or false) instead of throwing; after that the cursor must not be used any more.
 */
export class ProtobufCursor {
  readonly bytes: Uint8Array;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Reads an integer of at most 10 bytes and below 2^53, or returns BAD. */
  varint(): number {
    if (this.at >= this.end) return BAD;
    const first = this.bytes[this.at]!;
    this.at += 1;
    return first < 0x80 ? first : this.#longVarint(first - 0x80);
  }

  #longVarint(first: number): number {
    let value = first;
    let unit = 0x80;
    for (let read = 1; read < MAX_VARINT_BYTES; read += 1) {
      if (this.at >= this.end) return BAD;
      const byte = this.bytes[this.at]!;
      this.at += 1;
      value += (byte & 0x7f) * unit;
      if (value > Number.MAX_SAFE_INTEGER) return BAD;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
    return BAD;
  }

  /** Reads field number and wire type as one number, or returns BAD. */
  tag(): number {
    const tag = this.varint();
    return tag < 8 || tag > MAX_TAG ? BAD : tag;
  }

  /** Enters a length-delimited field, with `at` on its first byte, and returns its length; BAD when it is not within bounds. */
  length(): number {
    const length = this.varint();
    return length > this.end - this.at ? BAD : length;
  }

  /** Skips the value of a field that means nothing here. Returns false when it is damaged, or a group, which is not allowed. */
  skip(tag: number): boolean {
    switch (tag & 7) {
      case 0:
        return this.#skipVarint();
      case 1:
        return this.#advance(8);
      case 2: {
        const length = this.length();
        return length !== BAD && this.#advance(length);
      }
      case 5:
        return this.#advance(4);
      default:
        return false;
    }
  }

  /** A field of another program may use all 64 bits. */
  #skipVarint(): boolean {
    for (let read = 0; read < MAX_VARINT_BYTES && this.at < this.end; read += 1) {
      const byte = this.bytes[this.at]!;
      this.at += 1;
      if (byte < 0x80) return true;
    }
    return false;
  }

  #advance(bytes: number): boolean {
    if (bytes > this.end - this.at) return false;
    this.at += bytes;
    return true;
  }
}
