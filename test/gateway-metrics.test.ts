import { expect, test } from 'vitest';
import { SystemClock } from '../src/clock.js';
import { GatewayMetrics } from '../src/gateway-metrics.js';
import { createLogger } from '../src/logger.js';

test('a process without a store says that metrics.store has no effect, and is otherwise as without it', async () => {
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
  metrics.mark({ kind: 'log-blocked', text: 's' });
  await metrics.stop(1_000);
  expect(metrics.counters()).toBeUndefined();
  expect(lines.match(/metrics\.store has no effect here/g)).toHaveLength(1);
});
