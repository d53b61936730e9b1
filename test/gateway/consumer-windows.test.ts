import { expect, test } from 'vitest';
import { listWindows, rebuildWindows } from '../../src/gateway/consumer-windows.js';
import type { ConsumeRequest } from '../../src/pipeline/consume-protocol.js';
import { windowsReport } from '../support/windows-report.js';

const REQUEST = { fromMs: 1, toMs: 2, isDryRun: false, isForced: true };

test('a gateway without a consumer has no windows', async () => {
  const refusal = {
    code: 'CONTROL_FAILED',
    message: expect.stringContaining('no consumer runs in this gateway (--role ingest)') as string,
  };
  await expect(listWindows(undefined)).rejects.toMatchObject(refusal);
  await expect(rebuildWindows(undefined, REQUEST)).rejects.toMatchObject(refusal);
});

test('the consumer is asked, and its answer is passed on', async () => {
  const report = windowsReport([]);
  const result = { aggregates: [] };
  const asked: ConsumeRequest[] = [];
  const consumer = {
    ask: async (request: ConsumeRequest) => {
      asked.push(request);
      return request.kind === 'windows-list' ? report : result;
    },
  };
  expect(await listWindows(consumer)).toBe(report);
  expect(await rebuildWindows(consumer, REQUEST)).toBe(result);
  expect(asked).toEqual([{ kind: 'windows-list' }, { kind: 'windows-rebuild', request: REQUEST }]);
});
