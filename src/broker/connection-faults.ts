import type { Client } from 'aedes';
import { systemErrorCode } from '../errors.js';
import type { BrokerRefusal } from './refusals.js';

/** Members of aedes 1.2.0 and mqtt-packet 9.0.2 that no type declares; a test fails when one is gone. */
interface ParsingClient {
  readonly _parser: {
    readonly error: unknown;
    readonly packet: { readonly cmd?: string; readonly protocolId?: string };
  };
  readonly connecting: boolean;
  readonly connected: boolean;
}

/** Errors of aedes 1.2.0 and mqtt-packet 9.0.2 have no code: what they say is all there is. A test has each of them. */
const BY_MESSAGE: readonly (readonly [RegExp, BrokerRefusal])[] = [
  [/^connect did not arrive in time$/, 'connect-timeout'],
  [/^keep alive timeout$/, 'keep-alive-expired'],
  [/^drain timeout$/, 'reads-too-slowly'],
  [/^Invalid protocol version$/, 'protocol-version'],
  [/not allowed in PUBLISH$|^topic has too many levels$/, 'topic-invalid'],
  [/^Client queue limit reached$|^maxInflightInbound exceeded/, 'too-many-in-flight'],
];

/** What a PUBLISH or SUBSCRIBE is refused for that mqtt-packet cannot read. */
const BY_PACKET: Readonly<Record<string, BrokerRefusal>> = {
  connect: 'connect-malformed',
  publish: 'publish-malformed',
  subscribe: 'subscribe-malformed',
  unsubscribe: 'subscribe-malformed',
};

/** Why the broker ends a connection of which aedes reports `error`; `undefined` when the client has left by itself. */
export function refusalOf(client: Client, error: Error): BrokerRefusal | undefined {
  const { _parser: parser, connecting, connected } = client as unknown as ParsingClient;
  const isKnown = connecting || connected;
  const known = BY_MESSAGE.find(([message]) => message.test(error.message));
  if (known !== undefined) return known[1];
  // A packet where none of its kind may be: a second CONNECT, or anything before the first.
  if (error.message === 'Invalid protocol') return isKnown ? 'protocol-violation' : 'not-authenticated';
  if (parser.error === error) {
    if (!isKnown && parser.packet.protocolId === undefined) return 'not-mqtt';
    return BY_PACKET[parser.packet.cmd ?? ''] ?? 'protocol-violation';
  }
  const code = systemErrorCode(error);
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'packet-too-large';
  if (code?.startsWith('WS_ERR_')) return isKnown ? 'protocol-violation' : 'not-mqtt';
  if (code !== undefined || error.message === 'connection closed') return undefined;
  return 'unexpected';
}
