import { createHash } from 'node:crypto';
import type { PutEntry } from '../../../../src/stream/kinesis/kinesis-api.js';

export interface Inner {
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  readonly payload: string;
}

const MAGIC = Buffer.from('f3899ac2', 'hex');

/** The user records of an entry, read by the published format and without any code of ours. */
export function deAggregate(entry: PutEntry): readonly Inner[] {
  const data = Buffer.from(entry.data);
  const body = data.subarray(4, -16);
  const isAggregate =
    data.length > 20 &&
    data.subarray(0, 4).equals(MAGIC) &&
    createHash('md5').update(body).digest().equals(data.subarray(-16));
  if (!isAggregate) return [{ partitionKey: entry.partitionKey, payload: data.toString() }];
  const keys: string[] = [];
  const hashKeys: string[] = [];
  const inner: Inner[] = [];
  for (const [field, value] of fields(body)) {
    if (field === 1) keys.push((value as Buffer).toString());
    if (field === 2) hashKeys.push((value as Buffer).toString());
    if (field !== 3) continue;
    const parts = new Map(fields(value as Buffer));
    const hashKey = parts.has(2) ? hashKeys[parts.get(2) as number]! : undefined;
    inner.push({
      partitionKey: keys[parts.get(1) as number]!,
      explicitHashKey: hashKey,
      payload: (parts.get(3) as Buffer).toString(),
    });
  }
  return inner;
}

function* fields(bytes: Buffer): Generator<[field: number, value: number | Buffer]> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at]!;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) === 0) {
      yield [tag >> 3, varint()];
    } else {
      const length = varint();
      yield [tag >> 3, bytes.subarray(at, at + length)];
      at += length;
    }
  }
}
