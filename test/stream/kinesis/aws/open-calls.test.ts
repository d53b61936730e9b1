import { expect, it } from 'vitest';
import { OpenCalls } from '../../../../src/stream/kinesis/aws/open-calls.js';

const never = new Promise<never>(() => {});

it('rejects a call at its deadline when nothing else has ended it, and aborts it', async () => {
  const calls = new OpenCalls('telemetry', 20);
  let aborted: AbortSignal | undefined;
  await expect(
    calls.run('PutRecords', (signal) => {
      aborted = signal;
      return never;
    }),
  ).rejects.toMatchObject({
    code: 'KINESIS_UNREACHABLE',
    message: 'PutRecords on stream telemetry: no answer within 20 ms',
  });
  expect(aborted?.aborted).toBe(true);
});

it('rejects the calls in flight at close, and later ones at once', async () => {
  const calls = new OpenCalls('telemetry');
  const open = [calls.run('PutRecords', () => never), calls.run('GetRecords', () => never)];
  calls.close();
  for (const call of open) await expect(call).rejects.toMatchObject({ code: 'KINESIS_UNREACHABLE' });
  await expect(calls.run('PutRecords', async () => 'done')).rejects.toMatchObject({
    code: 'KINESIS_UNREACHABLE',
  });
});

it('passes on what a call resolves with, and a rejection with its code', async () => {
  const calls = new OpenCalls('telemetry');
  await expect(calls.run('PutRecords', async () => 'done')).resolves.toBe('done');
  const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
  await expect(calls.run('PutRecords', () => Promise.reject(denied))).rejects.toMatchObject({
    code: 'KINESIS_DENIED',
    cause: denied,
  });
});
