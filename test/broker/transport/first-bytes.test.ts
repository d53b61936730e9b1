import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { readFirstBytes } from '../../../src/broker/transport/first-bytes.js';

async function connected(): Promise<{ readonly client: Socket; readonly server: Socket }> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1');
  const [[server]] = (await Promise.all([once(listener, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ];
  onTestFinished(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server };
}

it('what arrived while the event loop was busy is read before the time counts as over [security 17]', async () => {
  const { client, server } = await connected();
  const read = readFirstBytes(server, 20, (bytes) => ({ value: bytes.toString(), length: bytes.length }));
  // In the kernel before this turn ends, as the connection stands.
  client.write('here');
  const endMs = performance.now() + 60;
  while (performance.now() < endMs);
  expect(await read).toEqual({ kind: 'parsed', value: 'here' });
});

it('what the parser does not take is given back', async () => {
  const { client, server } = await connected();
  const read = readFirstBytes(server, 10_000, (bytes) =>
    bytes.length < 6 ? 'more' : { value: bytes.length, length: 4 },
  );
  client.write('abc');
  client.write('defg');
  expect((await read).kind).toBe('parsed');
  await once(server, 'readable');
  expect(String(server.read())).toMatch(/^ef/);
});
