import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { checkPorts } from '../../../src/commands/doctor/ports.js';

const broker = (port: number, host = '127.0.0.1') =>
  ({ listeners: [{ protocol: 'mqtt', host, port }] }) as unknown as Parameters<
    typeof checkPorts
  >[0]['broker'];

async function busyPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('a port in use fails, unless the gateway runs here', async () => {
  const port = await busyPort();
  expect(await checkPorts({ broker: broker(port) }, false)).toMatchObject({
    state: 'fail',
    found: `mqtt 127.0.0.1:${port} is not a free port`,
    advice: expect.stringContaining('another program listens there'),
  });
  expect((await checkPorts({ broker: broker(port) }, true)).state).toBe('ok');
});

test('an address of another machine fails, also beside a running gateway', async () => {
  expect(await checkPorts({ broker: broker(0, '192.0.2.1') }, true)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('is not an address of this machine'),
  });
});
