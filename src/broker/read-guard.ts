import type { Client } from 'aedes';
import type { PublishFastPath } from './publish-fast-path.js';
import type { Session, Sessions } from './session.js';
import { TLS_HANDSHAKE_BYTE, TLS_ON_PLAIN } from './transport/tls-failure.js';

/** Members of aedes 1.2.0, mqtt-packet 9.0.2 and bl 6 that no type declares; a test fails when one is gone. */
interface ReadingClient {
  readonly _parser: {
    parse(bytes: Buffer): number;
    _emitError(error: Error): void;
    readonly _list: { readonly length: number; readonly _bufs: Buffer[] };
  };
  readonly _keepaliveInterval: number;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
}

const CONNECT = 0x10;

/** First bytes of the other packets that MQTT 3.1.1 has, PUBLISH apart. */
const OTHER_PACKETS: ReadonlySet<number> = new Set([
  0x20, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xa2, 0xb0, 0xc0, 0xd0, 0xe0,
]);

/** What a view may hold in memory beyond twice its own bytes before it is replaced by a copy. */
const MAX_UNUSED_BYTES = 1024;

/**
 * Puts itself in front of everything that reads the bytes of a client: it closes a connection whose first byte is not that of
 * CONNECT, and reports how much is kept of unfinished packets.
 */
export function guardReads(
  client: Client,
  session: Session,
  sessions: Sessions,
  fastPath: PublishFastPath,
): void {
  const reading = client as unknown as ReadingClient;
  const parser = reading._parser;
  const parse = parser.parse;
  let hasBegun = false;
  parser.parse = (bytes) => {
    if (!hasBegun && bytes.length > 0) {
      hasBegun = true;
      const [first] = bytes;
      if (first !== CONNECT) {
        const isTls = first === TLS_HANDSHAKE_BYTE;
        const detail = isTls ? TLS_ON_PLAIN : `the first byte is ${hex(first!)}, that of CONNECT is 0x10`;
        sessions.reject(
          client,
          isTls ? 'tls-failed' : isPacket(first!) ? 'not-authenticated' : 'not-mqtt',
          detail,
        );
        parser._emitError(new Error(detail));
        return 0;
      }
    }
    const left = parse.call(parser, bytes);
    const { length, _bufs: buffers } = parser._list;
    const { keptBytes } = fastPath;
    if (length > 0) releaseUnused(buffers);
    session.unfinished.inParser(length + keptBytes, buffers.length + (keptBytes === 0 ? 0 : 1));
    // A packet that takes longer than the keep alive is a sign of life too; broker.packetTimeout limits it.
    if (length + keptBytes > 0 && reading._keepaliveInterval > 0) reading._keepaliveTimer?.refresh();
    return left;
  };
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}

function isPacket(first: number): boolean {
  return OTHER_PACKETS.has(first) || first >> 4 === 3;
}

/** The last buffer may be a small view of a large read, which would stay in memory with it and is not counted. */
function releaseUnused(buffers: Buffer[]): void {
  const last = buffers.at(-1);
  if (last === undefined || last.buffer.byteLength <= 2 * last.length + MAX_UNUSED_BYTES) return;
  buffers[buffers.length - 1] = Buffer.from(last);
}
