import { describe, expect, it } from 'vitest';
import { type ErrorCode, SluiceError } from '../../../../src/lib/errors.js';
import { asFailure, failureWaitMs } from '../../../../src/stream/kinesis/reader/failure-wait.js';

const waits = (code: ErrorCode, failures: number) =>
  [0, 0.999].map((random) => Math.round(failureWaitMs(new SluiceError(code, ''), failures, () => random)));

describe('the wait after a failure', () => {
  it.each([
    ['KINESIS_THROTTLED', 1, [500, 1_999]],
    ['KINESIS_THROTTLED', 50, [500, 1_999]],
    ['KINESIS_UNREACHABLE', 1, [100, 600]],
    ['KINESIS_UNREACHABLE', 50, [100, 10_090]],
    ['KINESIS_STREAM_BUSY', 1, [5_000, 5_999]],
    ['KINESIS_DENIED', 1, [100, 1_099]],
    ['KINESIS_DENIED', 50, [100, 30_070]],
  ] as const)('%s, number %d in a row: %j ms', (code, failures, expected) => {
    expect(waits(code, failures)).toEqual(expected);
  });

  it('is not for anything else than a failure of Kinesis', () => {
    const bug = new TypeError('a bug');
    expect(() => asFailure(bug)).toThrow(bug);
  });
});
