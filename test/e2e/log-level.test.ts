import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

it('SIGUSR2 switches to debug and back: batches, segments and clients then have lines, and the books are the same', {
  timeout: 120_000,
}, async () => {
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    log: 'segmentSize: 64KiB, maxSize: 1MiB',
    config: `broker: { maxPacketSize: 32KiB, listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
consumer: { payload: { maxSize: 32KiB } }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const lines = () =>
    gateway.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const sentWith = (sentence: string) => lines().filter(({ msg }) => msg === sentence);
  const until = async (isReached: () => boolean) => {
    while (!isReached()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const toggled = async (times: number) => {
    process.kill(gateway.pid, 'SIGUSR2');
    await until(() => sentWith('the log level has changed').length === times);
  };

  const messages = 2000;
  const baseMs = Date.now() - 60_000;
  await runFleet({ port: gateway.mqttPort, messages, baseMs });
  await gateway.ledgerWhen(({ written }) => written === messages);
  expect(lines().filter(({ level }) => level === 'debug')).toEqual([]);

  await toggled(1);
  await runFleet({ port: gateway.mqttPort, messages, baseMs: baseMs + 10_000 });
  await gateway.ledgerWhen(({ written }) => written === 2 * messages);
  const processed = () =>
    sentWith('a batch has been processed').reduce((sum, { records }) => sum + Number(records), 0);
  await until(() => processed() === messages);
  expect(sentWith('a batch has been processed')[0]).toMatchObject({
    level: 'debug',
    points: expect.any(Number),
    prepareMs: expect.any(Number),
    writeMs: expect.any(Number),
  });
  expect(sentWith('a segment of the log was closed').length).toBeGreaterThan(0);
  await until(() => sentWith('a segment of the log was deleted').length > 0);
  const clients = sentWith('a client has connected');
  expect(clients[0]).toMatchObject({ clientId: expect.stringMatching(/^dev\d+$/) });

  await toggled(2);
  const before = lines().filter(({ level }) => level === 'debug').length;
  await runFleet({ port: gateway.mqttPort, messages, baseMs: baseMs + 20_000 });
  expect(await gateway.ledgerWhen(({ buffered }) => buffered === 0)).toMatchObject({
    received: 3 * messages,
  });
  expect(lines().filter(({ level }) => level === 'debug')).toHaveLength(before);
  expect(await gateway.stop()).toBe(0);
});
