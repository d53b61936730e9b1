import { expect, it } from 'vitest';
import { FatalFailure } from '../../src/gateway/fatal-failure.js';
import { SluiceError } from '../../src/lib/errors.js';

const FIRST = new SluiceError('LOG_FAILED', 'the disk is gone');
const SECOND = new SluiceError('WORKER_FAILED', 'and so is the consumer');

it('the first failure is reported, once the gateway has ended; later ones are not', async () => {
  const happened: unknown[] = [];
  let end: () => void = () => undefined;
  await new Promise<void>((reported) => {
    const fatal = new FatalFailure((failure) => {
      happened.push(failure);
      reported();
    });
    fatal.beforeReport(async () => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      happened.push('ended');
    });
    expect(fatal.isReported).toBe(false);
    fatal.report(FIRST);
    fatal.report(SECOND);
    expect(fatal.isReported).toBe(true);
    expect(happened).toEqual([]);
    end();
  });
  expect(happened).toEqual(['ended', FIRST]);
});
