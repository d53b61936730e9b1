import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/errors.js';
import { refuseWhatNoWaitingHeals, untilOpen } from '../../src/threads/until-open.js';

const UNREACHABLE = new SluiceError('KINESIS_UNREACHABLE', 'no answer');
const DENIED = new SluiceError('KINESIS_DENIED', 'no permission');

describe('opening something beyond the network', () => {
  it('at a start waits for what may heal and refuses what will not', async () => {
    await expect(refuseWhatNoWaitingHeals(() => Promise.reject(UNREACHABLE))).resolves.toBe(false);
    await expect(refuseWhatNoWaitingHeals(() => Promise.resolve())).resolves.toBe(true);
    await expect(refuseWhatNoWaitingHeals(() => Promise.reject(DENIED))).rejects.toBe(DENIED);
  });

  it('later goes on over both, and says which it is', async () => {
    const outcomes = [UNREACHABLE, DENIED];
    const told: string[] = [];
    const opened = await untilOpen(
      async () => {
        const failure = outcomes.shift();
        if (failure !== undefined) throw failure;
        return 'open';
      },
      new AbortController().signal,
      ({ state }, code) => told.push(`${code} ${state}`),
      1,
    );
    expect(opened).toBe('open');
    expect(told).toEqual(['KINESIS_UNREACHABLE retrying', 'KINESIS_DENIED misconfigured']);
  });

  it('gives up when asked to, also in the middle of a wait', async () => {
    const stop = new AbortController();
    const opening = untilOpen(
      () => Promise.reject(UNREACHABLE),
      stop.signal,
      () => stop.abort(),
      60_000,
    );
    expect(await opening).toBeUndefined();
  });

  it('does not hide a fault of ours', async () => {
    const fault = new TypeError('x is not a function');
    const opening = untilOpen(
      () => Promise.reject(fault),
      new AbortController().signal,
      () => undefined,
      1,
    );
    await expect(opening).rejects.toBe(fault);
  });
});
