import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const MESSAGES = 200;
const BOMB_BYTES = 1024 * 1024 * 1024;
const CHUNK = Buffer.alloc(1024 * 1024, ' ');

/** A megabyte of gzip that decodes to a gigabyte. */
async function gzipBomb(): Promise<Buffer> {
  const gzip = createGzip();
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (let bytes = 0; bytes < BOMB_BYTES; bytes += CHUNK.length) {
    if (!gzip.write(CHUNK)) await once(gzip, 'drain');
  }
  gzip.end();
  await once(gzip, 'end');
  return Buffer.concat(chunks);
}

function endless(response: ServerResponse): void {
  response.writeHead(400, { 'content-type': 'application/json' });
  const more = () => {
    while (!response.destroyed && response.write(CHUNK));
  };
  response.on('drain', more);
  more();
}

/** A store whose answers are set while it runs. */
async function store(answer: (response: ServerResponse, nth: number) => void): Promise<string> {
  let nth = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.on('error', () => undefined);
    // The start asks for the types of fields; its answer is as bad as the others.
    const isQuery = request.url?.startsWith('/query') === true;
    request.on('end', () => (isQuery ? endless(response) : answer(response, nth++)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

it('a store that answers with gigabytes costs neither the process nor a record', {
  timeout: 120_000,
}, async () => {
  const bomb = await gzipBomb();
  let isHealed = false;
  let hostile = 0;
  const url = await store((response, nth) => {
    if (isHealed) {
      response.writeHead(204).end();
      return;
    }
    hostile += 1;
    if (nth % 2 === 0) endless(response);
    else
      response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb);
  });
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${url}", org: o, bucket: b, token: t } }
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  await runFleet({ port: gateway.mqttPort, messages: MESSAGES, baseMs: Date.now() - 60_000 });
  await expect.poll(() => hostile, { timeout: 60_000 }).toBeGreaterThan(10);

  const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
  const rss = Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]);
  expect(rss).toBeLessThan(450 * 1024 * 1024);
  expect(metrics).not.toMatch(/nodejs_active_\w+_total/);
  const during = await gateway.ledger();
  expect(during).toMatchObject({ received: MESSAGES, written: 0, parked: 0, buffered: MESSAGES });
  expect(isBalanced(during)).toBe(true);
  expect(gateway.output).toContain('its text is encoded (gzip), which was not asked for');

  isHealed = true;
  expect(await gateway.ledgerWhen(({ buffered }) => buffered === 0)).toMatchObject({
    written: MESSAGES,
    parked: 0,
    lost: 0,
  });
  expect(await gateway.stop()).toBe(0);
});
