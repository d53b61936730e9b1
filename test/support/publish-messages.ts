import mqtt from 'mqtt';

export interface ClientMessage {
  readonly client: string;
  readonly topic: string;
  readonly payload: string | Buffer;
}

/** Publishes with QoS 1 over one connection for each client, which keeps the order of its messages; resolves with the last PUBACK. */
export async function publishMessages(port: number, messages: readonly ClientMessage[]): Promise<void> {
  const byClient = new Map<string, ClientMessage[]>();
  for (const message of messages) {
    const own = byClient.get(message.client);
    if (own === undefined) byClient.set(message.client, [message]);
    else own.push(message);
  }
  await Promise.all(
    [...byClient].map(async ([clientId, own]) => {
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId, reconnectPeriod: 0 });
      try {
        await Promise.all(own.map(({ topic, payload }) => client.publishAsync(topic, payload, { qos: 1 })));
      } finally {
        await client.endAsync(true);
      }
    }),
  );
}
