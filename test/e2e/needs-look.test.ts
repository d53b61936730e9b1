import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import type { DevicePage, Look, NeedsLook } from '../../src/devices/device-state.js';
import type { LiveState } from '../../src/http/live-state.js';
import type { MeasurementSummary } from '../../src/sink/store-reader.js';
import { type ClientMessage, publishMessages } from '../support/publish-messages.js';
import { tempDirectory } from '../support/temp-directory.js';

const HOSTILE = `<img src=x onerror=alert(1)> ' OR 1=1 --`;
const RULES = `rules:
  - name: rooms
    topic: site/+device/data
    measurement: room
    tags: { device: topic.device }
    fields: { temperature: { path: payload.t, type: float, unit: celsius, expected: [2, 8] } }
  - name: bare
    topic: bare/#
    measurement: room
    tags: { device: payload.id }
    fields: { temperature: payload.t }
`;

const message = (device: string, payload: string): ClientMessage => ({
  client: 'sensors',
  topic: `site/${device}/data`,
  payload,
});

it('a device whose messages are parked now needs a look until one is readable again', {
  timeout: 180_000,
}, async () => {
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${RULES}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const publish = (...messages: ClientMessage[]) => publishMessages(gateway.mqttPort, messages);
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${gateway.httpUrl}${path}`);
    expect(response.status, await response.clone().text()).toBe(200);
    return (await response.json()) as T;
  };
  const looks = (expected: readonly Partial<Look>[], known: number) =>
    vi.waitFor(
      async () => {
        const answer = await get<NeedsLook>('/api/needs-look');
        expect(answer.looks).toMatchObject(expected);
        expect(answer.looks).toHaveLength(expected.length);
        expect(answer.devices).toBe(known);
      },
      { timeout: 40_000, interval: 250 },
    );
  const states = async () => {
    const from = Date.now() - 3_600_000;
    const { groups } = await get<DevicePage>(
      `/api/latest?measurement=room&by=device&from=${from}&silentBefore=${from}&order=name&spark=48`,
    );
    return groups.map(({ name, state, spark }) => [name, state, spark?.length]);
  };

  await publish(message('pump', '{"t":5}'), message(HOSTILE, '{"t":5}'));
  await looks([], 2);

  await publish(message('pump', 'broken'), message(HOSTILE, '{"t":9.5}'), {
    client: 'sensors',
    topic: 'bare/1',
    payload: 'nonsense',
  });
  const { looks: _none, ...unreadable } = {
    looks: [],
    state: 'unreadable',
    code: 'payload-not-json',
    count: 1,
  } as const;
  await looks(
    [
      { ...unreadable, measurement: 'room', tag: 'topic', name: 'bare/1', topic: 'bare/1' },
      { ...unreadable, measurement: 'room', tag: 'device', name: 'pump', topic: 'site/pump/data' },
      {
        state: 'outside',
        name: HOSTILE,
        field: 'temperature',
        value: 9.5,
        unit: 'celsius',
        expected: [2, 8],
      },
    ],
    3,
  );
  expect(await states()).toEqual([
    [HOSTILE, 'outside', 48],
    ['pump', 'unreadable', 48],
  ]);

  const counts = async () => {
    const response = await fetch(`${gateway.httpUrl}/api/live`);
    let text = '';
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk as Uint8Array).toString();
      const state = /^event: state\ndata: (.*)$/m.exec(text)?.[1];
      if (state === undefined) continue;
      return (JSON.parse(state) as LiveState).devices;
    }
    return undefined;
  };
  expect(await counts()).toEqual({ known: 3, needLook: 3 });

  await publish(message('pump', '{"t":5}'), message(HOSTILE, '{"t":8}'));
  await looks([{ state: 'unreadable', name: 'bare/1' }], 3);

  // The rule is fixed, and a replay writes what is parked.
  const config = readFileSync(gateway.configFile, 'utf8');
  const fixed = '    format: text\n    measurement: room\n    fields: { note: payload }\n';
  writeFileSync(
    gateway.configFile,
    config
      .replace('expected: [2, 8]', 'expected: [2, 20]')
      .replace(/(topic: bare\/#\n)[\s\S]*$/, `$1${fixed}`),
  );
  await sluice(['reload', '-c', gateway.configFile]);
  await sluice(['dead-letters', 'replay', '-c', gateway.configFile, '--topic', 'bare/1']);
  await looks([], 2);
  const { measurements } = await get<{ measurements: readonly MeasurementSummary[] }>('/api/measurements');
  expect(measurements.find(({ name }) => name === 'room')?.fields).toContainEqual({
    name: 'temperature',
    type: 'float',
    unit: 'celsius',
    expected: [2, 20],
  });
  expect(await gateway.stop()).toBe(0);
});
