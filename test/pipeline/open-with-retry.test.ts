import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/lib/errors.js';
import { FirstContact } from '../../src/pipeline/first-contact.js';
import { openWithRetry } from '../../src/pipeline/open-with-retry.js';

const UNREACHABLE = new SluiceError('KINESIS_UNREACHABLE', 'no answer');
const DENIED = new SluiceError('KINESIS_DENIED', 'no permission');

/** Fails with each of the failures, then opens. */
function attempts(...failures: readonly SluiceError[]) {
  const left = [...failures];
  return async () => {
    const failure = left.shift();
    if (failure !== undefined) throw failure;
    return 'open';
  };
}

describe('opening something beyond the network', () => {
  it('at the first contact rejects what a person has to fix', async () => {
    let contacts = 0;
    const first = new FirstContact(() => {
      contacts += 1;
    });
    const opening = openWithRetry(
      attempts(DENIED),
      new AbortController().signal,
      () => undefined,
      first,
      () => 1,
    );
    await expect(opening).rejects.toBe(DENIED);
    first.cancel();
    expect(contacts).toBe(0);
  });

  it('at the first contact goes on after what may heal, and from then on after everything', async () => {
    const seen: string[] = [];
    const first = new FirstContact(() => seen.push('contact'));
    const opened = await openWithRetry(
      attempts(UNREACHABLE, DENIED),
      new AbortController().signal,
      ({ state }, code) => seen.push(`${code} ${state}`),
      first,
      () => 1,
    );
    expect(opened).toBe('open');
    expect(seen).toEqual(['KINESIS_UNREACHABLE retrying', 'contact', 'KINESIS_DENIED misconfigured']);
  });

  it('ends the first contact when nothing answers for long enough', async () => {
    const stop = new AbortController();
    const first = new FirstContact(() => stop.abort(), 1);
    const hanging = new Promise<never>(() => undefined);
    expect(
      await openWithRetry(
        () => hanging,
        stop.signal,
        () => undefined,
        first,
      ),
    ).toBeUndefined();
    expect(first.isOver).toBe(true);
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
      undefined,
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
      undefined,
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
      undefined,
      () => 1,
    );
    await expect(opening).rejects.toBe(fault);
  });
});
