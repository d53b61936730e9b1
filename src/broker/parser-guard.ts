import type { Client } from 'aedes';
import { tooLargeText } from '../lib/publish-refusal.js';
import type { OpenHandshakes } from './open-handshakes.js';
import type { Sessions } from './session.js';
import { MAX_CONNECT_BYTES } from './socket-backpressure.js';

/** Members of aedes 1.2.0 and mqtt-packet 9.0.2 that no type declares; a test fails when one is gone. */
interface PacketParser extends NodeJS.EventEmitter {
  packet: { cmd: string; length: number };
  _parseLength(): boolean;
  _emitError(error: Error): void;
}

interface ParsedPacket {
  readonly cmd: string;
  readonly messageId?: number;
  readonly subscriptions?: readonly unknown[];
  readonly unsubscriptions?: readonly unknown[];
}

const ONLY_FROM_BROKERS: ReadonlySet<string> = new Set(['connack', 'suback', 'unsuback', 'pingresp']);

/** ParserGuard checks packets where no hook of aedes does: at their length, and as soon as they are parsed. */
export class ParserGuard {
  readonly #maxPacketBytes: number;
  readonly #sessions: Sessions;
  readonly #handshakes: OpenHandshakes;

  constructor(maxPacketBytes: number, sessions: Sessions, handshakes: OpenHandshakes) {
    this.#maxPacketBytes = maxPacketBytes;
    this.#sessions = sessions;
    this.#handshakes = handshakes;
  }

  /** Call this once per client, before its first packet is read. */
  watch(client: Client): void {
    const { _parser: parser } = client as unknown as { _parser: PacketParser };
    this.#limitSize(client, parser);
    parser.prependListener('packet', (packet: ParsedPacket) => this.#check(client, packet));
  }

  /**
   * Rejects a packet by its declared length, when its fixed header is complete and before its body is
   * buffered: aedes 1.x has no limit and would keep up to 256 MB of an unauthenticated CONNECT.
   */
  #limitSize(client: Client, parser: PacketParser): void {
    const parseLength = parser._parseLength;
    parser._parseLength = () => {
      const done = parseLength.call(parser);
      const { cmd, length } = parser.packet;
      const limitBytes = cmd === 'connect' ? MAX_CONNECT_BYTES : this.#maxPacketBytes;
      if (!done || length <= limitBytes) return done;
      const detail = tooLargeText(cmd, length, limitBytes);
      this.#sessions.reject(client, 'packet-too-large', detail);
      parser._emitError(new Error(detail));
      return false;
    };
  }

  #check(client: Client, packet: ParsedPacket): void {
    const { cmd, messageId = 0 } = packet;
    const session = this.#sessions.of(client);
    session?.unfinished.packetEnded();
    if (cmd === 'connect' && session?.hasConnect === false) {
      session.hasConnect = true;
      session.backpressure.connectRead();
    }
    if (cmd === 'pubrel' && session?.isAuthenticated === true) this.#handshakes.completed(session, messageId);
    const fault = subscribeFault(packet);
    if (fault !== undefined) {
      this.#sessions.reject(client, 'subscribe-malformed', `${cmd} ${fault}`);
      client.conn.destroy();
    }
    // Aedes closes the connection on these without an error; before a CONNECT it does report one.
    if (ONLY_FROM_BROKERS.has(cmd) && session?.isAuthenticated === true) {
      this.#sessions.reject(client, 'protocol-violation', `${cmd} from a client`);
    }
  }
}

/** What is wrong with a SUBSCRIBE or UNSUBSCRIBE that aedes does not check; `undefined` when nothing is. */
function subscribeFault(packet: ParsedPacket): string | undefined {
  const { cmd, messageId, subscriptions, unsubscriptions } = packet;
  if (cmd !== 'subscribe' && cmd !== 'unsubscribe') return undefined;
  // [MQTT-2.3.1-1]
  if (messageId === 0) return 'with packet id 0';
  // [MQTT-3.8.3-3], [MQTT-3.10.3-2]
  return (subscriptions ?? unsubscriptions)?.length === 0 ? 'without a filter' : undefined;
}
