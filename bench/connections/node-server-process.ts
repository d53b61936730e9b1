import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

/** A server of Node to compare with, in a process of its own: `bare` holds sockets, `aedes` is a broker without anything around it. */

const BACKLOG = 4096;
const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const PINGRESP = Buffer.from([0xd0, 0]);
const CONNECT_BYTE = 0x10;

// The bench has ended, by whatever way.
process.on('disconnect', () => process.exit());

const server = process.argv[2] === 'aedes' ? await aedesServer() : createServer({ noDelay: true }, hold);
server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => {
  const address = server.address();
  process.send!({ port: typeof address === 'object' ? address?.port : 0 });
});

async function aedesServer(): Promise<Server> {
  const aedes = await Aedes.createBroker();
  return createServer({ noDelay: true }, aedes.handle);
}

/** The least that a server can do: one listener for all sockets, and an answer to what it is sent. */
function hold(socket: Socket): void {
  socket.on('data', answer);
  socket.on('error', ignore);
}

function answer(this: Socket, bytes: Buffer): void {
  this.write(bytes[0] === CONNECT_BYTE ? CONNACK : PINGRESP);
}

function ignore(): void {}
