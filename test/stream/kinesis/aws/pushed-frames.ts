import { crc32 } from 'node:zlib';

/** One frame of application/vnd.amazon.eventstream: lengths and headers with a CRC of each, all big-endian. */
function frame(headers: Readonly<Record<string, string>>, body: unknown): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Buffer.byteLength(value));
      // 7: the value is text.
      return Buffer.concat([
        Buffer.of(name.length),
        Buffer.from(name),
        Buffer.of(7),
        length,
        Buffer.from(value),
      ]);
    }),
  );
  const payload = Buffer.from(JSON.stringify(body));
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(12 + head.length + payload.length + 4, 0);
  prelude.writeUInt32BE(head.length, 4);
  const start = Buffer.concat([prelude, crc(prelude), head, payload]);
  return Buffer.concat([start, crc(start)]);
}

function crc(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}

const JSON_TYPE = 'application/x-amz-json-1.1';

/** What comes first, before any page. */
export const initialFrame = frame(
  { ':message-type': 'event', ':event-type': 'initial-response', ':content-type': JSON_TYPE },
  {},
);

export function pageFrame(page: unknown): Buffer {
  return frame(
    { ':message-type': 'event', ':event-type': 'SubscribeToShardEvent', ':content-type': JSON_TYPE },
    page,
  );
}

export function exceptionFrame(name: string, message: string): Buffer {
  return frame(
    { ':message-type': 'exception', ':exception-type': name, ':content-type': JSON_TYPE },
    { message },
  );
}
