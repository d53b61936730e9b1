import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/lib/errors.js';
import { failIfPermanent, openWithRetry } from '../../src/pipeline/open-with-retry.js';

const UNREACHABLE = new SluiceError('KINESIS_UNREACHABLE', 'no answer');
const DENIED = new SluiceError('KINESIS_DENIED', 'no permission');

describe('opening something beyond the network', () => {
  it('at a start leaves what may succeed later to a retry and rejects what will not', async () => {
    await expect(failIfPermanent(() => Promise.reject(UNREACHABLE))).resolves.toBe(false);
    await expect(failIfPermanent(() => Promise.resolve())).resolves.toBe(true);
    await expect(failIfPermanent(() => Promise.reject(DENIED))).rejects.toBe(DENIED);
  });

  it('later goes on after both, and reports which it is', async () => {
    const outcomes = [UNREACHABLE, DENIED];
    const reported: string[] = [];
    const opened = await openWithRetry(
      async () => {
        const failure = outcomes.shift();
        if (failure !== undefined) throw failure;
        return 'open';
      },
      new AbortController().signal,
      ({ state }, code) => reported.push(`${code} ${state}`),
      () => 1,
    );
    expect(opened).toBe('open');
    expect(reported).toEqual(['KINESIS_UNREACHABLE retrying', 'KINESIS_DENIED misconfigured']);
  });

  it('gives up when asked to, also in the middle of a wait', async () => {
    const stop = new AbortController();
    const opening = openWithRetry(
      () => Promise.reject(UNREACHABLE),
      stop.signal,
      () => stop.abort(),
      () => 60_000,
    );
    expect(await opening).toBeUndefined();
  });

  it('does not hide a bug of Sluice', async () => {
    const fault = new TypeError('x is not a function');
    const opening = openWithRetry(
      () => Promise.reject(fault),
      new AbortController().signal,
      () => undefined,
      () => 1,
    );
    await expect(opening).rejects.toBe(fault);
  });
});
