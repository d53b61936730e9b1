import type { Client } from 'aedes';

/** Members of aedes 1.2.0 and mqtt-packet 9.0.2 that no type declares; a test fails when one is gone. */
interface PacketParser {
  packet: { cmd: string; length: number };
  _parseLength(): boolean;
  _emitError(error: Error): void;
}

/** A CONNECT holds names and a password; nothing honest needs more before it is authenticated. */
export const MAX_CONNECT_BYTES = 8 * 1024;

/**
 * Refuses a packet by its declared length, when its fixed header is complete and before its body is
 * buffered: aedes 1.x has no limit and would keep up to 256 MB of an unauthenticated CONNECT.
 */
export function limitPacketSize(
  client: Client,
  maxPacketBytes: number,
  onRefused: (detail: string) => void,
): void {
  const parser = (client as unknown as { _parser: PacketParser })._parser;
  const parseLength = parser._parseLength;
  parser._parseLength = function (this: PacketParser) {
    const done = parseLength.call(this);
    const limitBytes = this.packet.cmd === 'connect' ? MAX_CONNECT_BYTES : maxPacketBytes;
    if (done && this.packet.length > limitBytes) {
      const detail = `${this.packet.cmd} of ${this.packet.length} bytes is over the limit of ${limitBytes}`;
      onRefused(detail);
      this._emitError(new Error(detail));
      return false;
    }
    return done;
  };
}
