import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { findProgram } from '../../harness/server-process.js';
import { requireServer } from '../../harness/servers.js';
import { CHROMIUM_ARGS } from '../support/chromium.js';
import { tempDirectory } from '../support/temp-directory.js';

const LIBRARY = join(
  createRequire(import.meta.url).resolve('mqtt/package.json'),
  '..',
  'dist',
  'mqtt.min.js',
);

/** Serves a page with MQTT.js on a free port. */
async function servePage(): Promise<number> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/mqtt.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? readFileSync(LIBRARY) : '<!doctype html><script src="/mqtt.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe.skipIf(!requireServer('chromium'))('a web page that publishes over WebSocket', () => {
  it('[security 18] from an allowed origin is served, from a foreign one is not', async () => {
    const directory = tempDirectory();
    const pagePort = await servePage();
    const wsPort = await freePort();
    writeFileSync(
      join(directory, 'access.yaml'),
      'roles:\n  device: { clientId: "{user}", publish: ["sensors/+/{user}/#"] }\n',
      { mode: 0o600 },
    );
    const gateway = new GatewayProcess({
      directory,
      config: `broker:
  access: ./access.yaml
  listeners: [{ protocol: ws, port: ${wsPort}, origins: ["http://allowed.example:${pagePort}"] }]
http: { port: 0 }
`,
    });
    onTestFinished(() => gateway.end());
    const add = await sluice([
      'users',
      'add',
      'panel',
      '--role',
      'device',
      '--token',
      '-c',
      gateway.configFile,
    ]);
    expect(add.code, add.stderr).toBe(0);
    await gateway.start();

    const browser = await chromium.launch({
      executablePath: findProgram('chromium') ?? '',
      args: [
        ...CHROMIUM_ARGS,
        '--host-resolver-rules=MAP allowed.example 127.0.0.1, MAP foreign.example 127.0.0.1',
      ],
    });
    onTestFinished(() => browser.close());
    const publishFrom = async (host: string) => {
      const page = await browser.newPage();
      await page.goto(`http://${host}:${pagePort}/`);
      return page.evaluate(
        async ({ url, token }) => {
          const { mqtt } = globalThis as unknown as { readonly mqtt: typeof import('mqtt').default };
          const client = mqtt.connect(url, {
            clientId: 'panel',
            username: 'panel',
            password: token,
            reconnectPeriod: 0,
          });
          return new Promise<string>((resolve) => {
            client.on('connect', () =>
              client.publish('sensors/oslo/panel/telemetry', '{"t":1}', { qos: 1 }, () => resolve('stored')),
            );
            client.on('close', () => resolve('closed'));
            client.on('error', () => resolve('closed'));
          });
        },
        { url: `ws://127.0.0.1:${wsPort}/mqtt`, token: add.stdout.trim() },
      );
    };
    expect(await publishFrom('foreign.example')).toBe('closed');
    expect(await publishFrom('allowed.example')).toBe('stored');
    expect((await gateway.ledger()).received).toBe(1);
    expect(gateway.output).toContain('origin-refused');
  });
});
