import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { onTestFinished } from 'vitest';
import type { QoS } from '../../../src/broker/protocol/packets.js';
import {
  type ClientMessage,
  type ClientProperties,
  Inbox,
  type RealClient,
  type RealClientOptions,
  type Transport,
} from './real-client.js';

const PROTOCOLS = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss' } as const;

/** MQTT.js, which Node-RED and zigbee2mqtt use. */
export class MqttJsClient implements RealClient {
  readonly #transport: Transport;
  readonly #inbox = new Inbox();
  #client: mqtt.MqttClient | undefined;

  constructor(transport: Transport = 'tcp') {
    this.#transport = transport;
    onTestFinished(() => this.cut());
  }

  async connect(options: RealClientOptions): Promise<boolean | undefined> {
    const client = mqtt.connect(`${PROTOCOLS[this.#transport]}://127.0.0.1:${options.port}/mqtt`, {
      reconnectPeriod: 0,
      clientId: options.clientId,
      protocolVersion: options.version ?? 4,
      clean: options.isCleanSession ?? true,
      keepalive: options.keepAliveSeconds ?? 60,
      resubscribe: false,
      ...(options.caFile !== undefined && { ca: readFileSync(options.caFile) }),
      ...(options.userName !== undefined && { username: options.userName, password: options.password }),
      ...(options.version === 5 && {
        properties: {
          sessionExpiryInterval: options.sessionExpirySeconds,
          receiveMaximum: options.receiveMaximum,
        },
      }),
      ...willOf(options),
    });
    this.#client = client;
    client.on('message', (topic, payload, packet) => {
      this.#inbox.add({
        topic,
        payload: payload.toString('latin1'),
        qos: packet.qos,
        isRetained: packet.retain,
        ...receivedProperties(packet),
      });
    });
    return new Promise((resolve, reject) => {
      client.once('connect', ({ sessionPresent }) => resolve(sessionPresent));
      client.on('error', reject);
      client.once('close', () => reject(new Error('closed before CONNACK')));
    });
  }

  async subscribe(filter: string, qos: QoS): Promise<number> {
    try {
      const granted = await this.#connected.subscribeAsync(filter, { qos });
      return granted[0]?.qos ?? 128;
    } catch (thrown) {
      if (!(thrown instanceof mqtt.ErrorWithSubackPacket)) throw thrown;
      return Number(thrown.packet.granted[0]);
    }
  }

  async publish(message: ClientMessage): Promise<number | undefined> {
    const { topic, payload, qos, isRetained } = message;
    try {
      const answer = await this.#connected.publishAsync(topic, Buffer.from(payload, 'latin1'), {
        qos,
        retain: isRetained,
        ...(this.#connected.options.protocolVersion === 5 && { properties: sentProperties(message) }),
      });
      return qos === 0 ? undefined : ((answer as { reasonCode?: number } | undefined)?.reasonCode ?? 0);
    } catch (thrown) {
      if (!(thrown instanceof mqtt.ErrorWithReasonCode)) throw thrown;
      return thrown.code;
    }
  }

  next(): Promise<ClientMessage> {
    return this.#inbox.next();
  }

  disconnect(): Promise<void> {
    return this.#connected.endAsync();
  }

  async cut(): Promise<void> {
    await this.#client?.endAsync(true);
  }

  get #connected(): mqtt.MqttClient {
    if (this.#client === undefined) throw new Error('not connected');
    return this.#client;
  }
}

function willOf({ will, version }: RealClientOptions): Pick<mqtt.IClientOptions, 'will'> {
  if (will === undefined) return {};
  return {
    will: {
      topic: will.topic,
      payload: Buffer.from(will.payload),
      qos: will.qos,
      retain: will.isRetained,
      ...(version === 5 && { properties: { ...will.properties, willDelayInterval: will.delaySeconds } }),
    },
  };
}

function sentProperties({ properties, topicAlias }: ClientMessage): mqtt.IClientPublishOptions['properties'] {
  return {
    ...(properties?.contentType !== undefined && { contentType: properties.contentType }),
    ...(properties?.userProperties !== undefined && { userProperties: { ...properties.userProperties } }),
    ...(topicAlias !== undefined && { topicAlias }),
  };
}

function receivedProperties({ properties }: mqtt.IPublishPacket): Pick<ClientMessage, 'properties'> {
  const { contentType, userProperties } = properties ?? {};
  if (contentType === undefined && userProperties === undefined) return {};
  const found: ClientProperties = {
    ...(contentType !== undefined && { contentType }),
    // It makes them without a prototype.
    ...(userProperties !== undefined && {
      userProperties: { ...userProperties } as Record<string, string>,
    }),
  };
  return { properties: found };
}
