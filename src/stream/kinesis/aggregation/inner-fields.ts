import { TAG } from './aggregate-format.js';
import { BAD, type ProtobufCursor } from './protobuf-cursor.js';

export const ABSENT = -1;

/** Where the fields of one inner record stand. Of a field that comes twice the last counts, as protobuf has it. */
export class InnerFields {
  partitionKeyIndex = ABSENT;
  explicitHashKeyIndex = ABSENT;
  payloadStart = 0;
  payloadEnd = 0;

  /** Reads the record that the cursor stands before, up to `end`. False: damaged, or a required field is missing. */
  read(cursor: ProtobufCursor, end: number): boolean {
    this.partitionKeyIndex = ABSENT;
    this.explicitHashKeyIndex = ABSENT;
    let hasPayload = false;
    const outerEnd = cursor.end;
    cursor.end = end;
    while (cursor.at < end) {
      const tag = cursor.tag();
      switch (tag) {
        case TAG.partitionKeyIndex:
          this.partitionKeyIndex = cursor.varint();
          if (this.partitionKeyIndex === BAD) return false;
          break;
        case TAG.explicitHashKeyIndex:
          this.explicitHashKeyIndex = cursor.varint();
          if (this.explicitHashKeyIndex === BAD) return false;
          break;
        case TAG.payload: {
          const length = cursor.length();
          if (length === BAD) return false;
          hasPayload = true;
          this.payloadStart = cursor.at;
          this.payloadEnd = cursor.at + length;
          cursor.at = this.payloadEnd;
          break;
        }
        default:
          if (tag === BAD || !cursor.skip(tag)) return false;
      }
    }
    cursor.end = outerEnd;
    return hasPayload && this.partitionKeyIndex !== ABSENT;
  }
}
