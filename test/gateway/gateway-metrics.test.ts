import { expect, test } from 'vitest';
import { GatewayMetrics } from '../../src/gateway/gateway-metrics.js';
import { SystemClock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';

test('a process without a store logs that metrics.store has no effect, and otherwise behaves as without it', async () => {
  let lines = '';
  const write = (line: string) => {
    lines += line;
  };
  const metrics = new GatewayMetrics(
    { instance: 'h', store: { intervalMs: 10, measurement: 'sluice' } },
    {
      role: 'ingest',
      version: '1',
      clock: new SystemClock(),
      logger: createLogger({ level: 'info', format: 'json', destination: { write } }),
      read: () => expect.fail('there is nothing to read for'),
      write: () => expect.fail('there is no store'),
    },
  );
  metrics.start();
  metrics.annotate({ kind: 'log-blocked', text: 's' });
  await metrics.stop(1_000);
  expect(metrics.counters()).toBeUndefined();
  expect(lines.match(/metrics\.store has no effect here/g)).toHaveLength(1);
});
