import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { tempDirectory } from '../support/temp-directory.js';

async function started(config: string): Promise<GatewayProcess> {
  const gateway = new GatewayProcess({ directory: tempDirectory(), config });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

/** Local addresses on which the process listens, over TCP of both kinds, as the kernel writes them. */
function listeningAddresses(pid: number): string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((name) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      } catch {
        // It was closed meanwhile.
        return undefined;
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((kind) =>
    readFileSync(`/proc/${pid}/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && own.has(inode))
      .map(([, address]) => address!.split(':')[0]!),
  );
}

/** All that comes back for these bytes until the connection ends. */
function answerTo(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    // A connection that is reset has no answer either.
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(answer));
  });
}

describe('without a word about addresses', () => {
  it.runIf(process.platform === 'linux')(
    '[security 1] the gateway listens on 127.0.0.1 and nowhere else',
    async () => {
      const gateway = await started(
        'broker: { listeners: [{ protocol: mqtt, port: 0 }] }\nhttp: { port: 0 }\n',
      );
      const loopback = '0100007F';
      expect(listeningAddresses(gateway.pid)).toEqual([loopback, loopback]);
      expect(await gateway.stop()).toBe(0);
    },
  );
});

describe('[security 2] a listener that others can reach', () => {
  it.each([
    [
      'MQTT without users',
      'broker: { listeners: [{ protocol: mqtt, host: 0.0.0.0, port: 0 }] }\n',
      'broker.listeners[0]',
    ],
    ['HTTP without users', 'http: { host: 0.0.0.0, port: 0 }\n', 'http.host'],
  ])('keeps the gateway from starting, with exit code 2: %s', async (_what, config, key) => {
    const gateway = new GatewayProcess({ directory: tempDirectory(), config });
    onTestFinished(() => gateway.end());
    await expect(gateway.start()).rejects.toThrow(key);
    expect(await gateway.exited()).toBe(2);
    expect(gateway.output).toContain('insecure: true');
    expect(readdirSync(join(gateway.dataDirectory, '..'))).not.toContain('data');
  });

  it('is there when the configuration says that it may be open', async () => {
    const gateway = await started(
      'broker: { insecure: true, listeners: [{ protocol: mqtt, host: 0.0.0.0, port: 0 }] }\nhttp: { port: 0 }\n',
    );
    expect(await gateway.stop()).toBe(0);
  });
});

describe('the ports', () => {
  it('[security 3] are apart: that of MQTT answers no HTTP, and that of HTTP no MQTT', async () => {
    const gateway = await started(
      'broker: { listeners: [{ protocol: mqtt, port: 0 }] }\nhttp: { port: 0 }\n',
    );
    for (const path of ['/', '/metrics', '/healthz', '/api/state']) {
      expect(await answerTo(gateway.mqttPort, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toBe('');
    }
    const connectPacket = '\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab';
    const answer = await answerTo(Number(new URL(gateway.httpUrl).port), connectPacket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(await gateway.stop()).toBe(0);
  });
});
