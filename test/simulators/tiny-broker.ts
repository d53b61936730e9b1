import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { Aedes, type AuthenticateError } from 'aedes';
import { onTestFinished } from 'vitest';
import { createWebSocketStream, WebSocketServer } from 'ws';

export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  readonly clientId: string;
  /** The DUP flag: the client sent it before. */
  readonly isResent: boolean;
}

export interface TinyBrokerOptions {
  /** Called for each PUBLISH before its acknowledgement; true withholds that for ever. */
  readonly withhold?: (received: Received, count: number, socket: Socket) => boolean;
  /** Asked for each new socket; true closes it before anything is read from it, as a broker that is still starting does. */
  readonly drop?: () => boolean;
  /** Default mqtt. */
  readonly protocol?: 'mqtt' | 'ws';
  /** Only this user and password may connect. */
  readonly login?: { readonly username: string; readonly password: string };
}

/** An MQTT broker in memory that remembers every PUBLISH, resent ones too. */
export async function tinyBroker(options: TinyBrokerOptions = {}) {
  const received: Received[] = [];
  const aedes = await Aedes.createBroker({
    authorizePublish: (client, packet, done) => {
      if (!client) return done(null);
      const one: Received = {
        topic: packet.topic,
        payload: Buffer.from(packet.payload),
        clientId: client.id,
        isResent: packet.dup,
      };
      received.push(one);
      if (options.withhold?.(one, received.length, client.conn as Socket)) return;
      done(null);
    },
    authenticate: (_client, username, password, done) => {
      const { login } = options;
      if (!login || (username === login.username && password?.toString() === login.password)) {
        return done(null, true);
      }
      done(Object.assign(new Error('no'), { returnCode: 5 }) as AuthenticateError, false);
    },
  });
  // Without a listener an error of a cut connection ends the process.
  aedes.on('clientError', () => {});
  aedes.on('connectionError', () => {});
  const protocol = options.protocol ?? 'mqtt';
  const server =
    protocol === 'ws'
      ? createHttpServer()
      : createServer((socket) => {
          if (options.drop?.()) socket.destroy();
          else aedes.handle(socket);
        });
  if (protocol === 'ws') {
    const sockets = new WebSocketServer({ server: server as HttpServer });
    sockets.on('connection', (socket) => aedes.handle(createWebSocketStream(socket)));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the broker has no port');
  return { url: `${protocol}://127.0.0.1:${address.port}`, received };
}

/** Distinct messages among those received. */
export function distinct(received: readonly Received[]): Set<string> {
  return new Set(received.map(({ topic, payload }) => `${topic} ${payload.toString('latin1')}`));
}
