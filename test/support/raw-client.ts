import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import mqttPacket from 'mqtt-packet';
import { onTestFinished } from 'vitest';

/**
 * A connection that speaks packets, for what a well-behaved client would not do. `open` makes it over something else than
 * TCP. `protocolVersion` is what it speaks and reads.
 */
export async function rawClient(
  port: number,
  open: (port: number) => Duplex = overTcp,
  protocolVersion: 4 | 5 = 4,
) {
  const socket = open(port);
  onTestFinished(() => void socket.destroy());
  const parser = mqttPacket.parser({ protocolVersion });
  const packets: mqttPacket.Packet[] = [];
  const changed = new Set<() => void>();
  const notify = () => {
    for (const check of [...changed]) check();
  };
  let isClosed = false;
  const counts = new Map<string, number>();
  parser.on('packet', (packet) => {
    packets.push(packet);
    counts.set(packet.cmd, (counts.get(packet.cmd) ?? 0) + 1);
  });
  socket.on('data', (bytes) => {
    parser.parse(bytes);
    notify();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
    notify();
  });
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!condition()) return;
        changed.delete(check);
        resolve();
      };
      changed.add(check);
      check();
    });
  return {
    socket: socket as Socket,
    packets,
    isClosed: () => isClosed,
    send: (packet: mqttPacket.Packet) => socket.write(mqttPacket.generate(packet, { protocolVersion })),
    received: (cmd: string, count = 1) => until(() => (counts.get(cmd) ?? 0) >= count),
    closed: () => until(() => isClosed),
  };
}

function overTcp(port: number): Socket {
  return connectTcp({ port, host: '127.0.0.1', noDelay: true });
}

/** Without a client id. */
export const CONNECT = {
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clean: true,
  keepalive: 60,
} as const;
/** QoS 1 on a/b/c unless told otherwise. */
export const publish = (packet: Partial<mqttPacket.IPublishPacket>): mqttPacket.IPublishPacket => ({
  cmd: 'publish',
  topic: 'a/b/c',
  payload: 'x',
  qos: 1,
  dup: false,
  retain: false,
  ...packet,
});

/** Runs the event loop until the condition holds; for what happens in this process. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
}
