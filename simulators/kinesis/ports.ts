import { createServer } from 'node:net';

/** Rejects with EADDRINUSE or EACCES when 127.0.0.1 cannot be listened on there. Port 0: any; resolves with the port. */
export async function probePort(port: number): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(port, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the probe has no port');
  return address.port;
}
