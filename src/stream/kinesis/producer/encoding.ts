import { errorText } from '../../../errors.js';
import type { OutletRefusal, StreamRecord } from '../../stream.js';
import type { Refuse, UserRecord } from './user-record.js';

export type Encode = (record: StreamRecord) => Uint8Array;

/** The bytes of a user record; undefined when it cannot be encoded: it is then refused, and others go on. */
export function encodeSafely(encode: Encode, userRecord: UserRecord, refuse: Refuse): Uint8Array | undefined {
  try {
    return encode(userRecord.record);
  } catch (thrown) {
    refuse(userRecord, {
      code: 'stream-refused',
      reason: `the record cannot be encoded for Kinesis: ${errorText(thrown)}`,
    });
    return undefined;
  }
}

export function tooLarge(sizeBytes: number, maxRecordBytes: number): OutletRefusal {
  return {
    code: 'stream-record-too-large',
    reason: `the Kinesis record would have ${sizeBytes} bytes with its key; the limit is ${maxRecordBytes}`,
  };
}
