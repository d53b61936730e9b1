import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import { MAX_CLIENT_ID_BYTES, MAX_TOPIC_LEVELS } from '../lib/mqtt-names.js';
import type { Warn } from '../lib/warnings.js';
import type { BrokerOptions } from './broker-options.js';

const NO_PAYLOAD = Buffer.alloc(0);

/**
 * QoS 2 packets that a client may have between PUBLISH and PUBREL. The broker cannot announce the limit in MQTT 3.1.1,
 * so a client that pipelines more is disconnected. Only the ids are kept.
 */
export const MAX_OPEN_HANDSHAKES = 1000;

/** Makes an aedes that refuses to exceed the limits, and leaves every decision to the hooks. */
export function createAedes(
  { connectTimeoutMs, maxInFlightPerClient }: BrokerOptions,
  warn: Warn,
  hooks: AedesOptions,
): Aedes {
  const aedes = new Aedes({
    connectTimeout: connectTimeoutMs,
    drainTimeout: 10_000,
    // Devices may pipeline behind CONNECT (MQTT 3.1.1 section 3.1.4); SocketBackpressure limits what is read.
    queueLimit: maxInFlightPerClient,
    maxInflightInbound: MAX_OPEN_HANDSHAKES,
    maxClientsIdLength: MAX_CLIENT_ID_BYTES,
    maxTopicLevels: MAX_TOPIC_LEVELS,
    ...hooks,
  });
  // Without a listener an 'error' of the broker would end the process.
  (aedes as NodeJS.EventEmitter).on('error', (error: Error) => {
    warn({ code: 'BROKER_INTERNAL', reason: error.message }, 'the MQTT broker reports an internal error');
  });
  return aedes;
}

/** Aedes keeps a QoS 2 packet until its PUBREL, but only checks that it exists: the payload is in the log. */
export function forgetStoredPayloads(aedes: Aedes): void {
  const { persistence } = aedes as unknown as {
    persistence: { incomingStorePacket(client: Client, packet: PublishPacket): Promise<void> };
  };
  const store = persistence.incomingStorePacket.bind(persistence);
  persistence.incomingStorePacket = (client, packet) => store(client, { ...packet, payload: NO_PAYLOAD });
}
