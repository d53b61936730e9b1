import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createDatabase,
  type RunningServer,
  requireServer,
  startInfluxd,
  startMosquitto,
  startVictoriaMetrics,
} from '../../harness/servers.js';

const running: RunningServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});
function stopLater(server: RunningServer): RunningServer {
  running.push(server);
  return server;
}

describe.skipIf(!requireServer('influxd'))('startInfluxd', () => {
  test('keeps what it stored over a kill and a restart on the same port', { timeout: 60_000 }, async () => {
    const server = stopLater(await startInfluxd({ unlimitedSeries: true }));
    await createDatabase(server.url, 'kept');
    const write = await fetch(`${server.url}/write?db=kept`, { method: 'POST', body: 'm v=1 1' });
    expect(write.status).toBe(204);
    await server.kill();
    await expect(fetch(`${server.url}/ping`)).rejects.toThrow();
    await server.restart();
    const answer = await fetch(`${server.url}/query?db=kept&q=SELECT+v+FROM+m`);
    expect(await answer.text()).toContain('"values":[["1970-01-01T00:00:00.000000001Z",1]]');
  });
});

describe.skipIf(!requireServer('victoria-metrics'))('startVictoriaMetrics', () => {
  test('answers on its health page and is gone after stop', { timeout: 60_000 }, async () => {
    const server = await startVictoriaMetrics();
    const { pid } = server;
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    await server.stop();
    await expect(fetch(`${server.url}/health`)).rejects.toThrow();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});

describe.skipIf(!requireServer('mosquitto'))('startMosquitto', () => {
  test('accepts connections again after a kill and a restart', { timeout: 60_000 }, async () => {
    const server = stopLater(await startMosquitto());
    await server.kill();
    await server.restart();
    expect(server.url).toBe(`mqtt://127.0.0.1:${server.port}`);
  });
});
