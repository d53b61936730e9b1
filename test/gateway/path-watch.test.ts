import { describe, expect, it } from 'vitest';
import { PathWatch, type WatchedWorker } from '../../src/gateway/path-watch.js';
import type { WarningFields } from '../../src/lib/warnings.js';

function watched() {
  const worker = {
    stage: 'consumer' as const,
    report: {} as object,
    progress: '0',
    waiting: 5,
    isHeldUp: false,
  };
  const warned: WarningFields[] = [];
  let nowMs = 0;
  const watch = new PathWatch({
    workers: (): readonly WatchedWorker[] => [{ ...worker }],
    backlog: () => ({ received: 5, processed: 5 - worker.waiting, oldestMs: 0 }),
    clock: { monotonicMs: () => nowMs },
    warn: (fields) => warned.push(fields),
  });
  /** Seconds in which the worker reports, or does not. */
  const pass = (seconds: number, isReporting: boolean) => {
    for (let i = 0; i < seconds; i++) {
      nowMs += 1_000;
      if (isReporting) worker.report = {};
      watch.tick();
    }
  };
  return {
    worker,
    watch,
    warned,
    pass,
    reasons: () => watch.problems('consumer').map(({ reason }) => reason),
  };
}

describe('a path that does not move while there is work', () => {
  it('is a problem of the consumer when its thread does not report for half a minute', () => {
    const { watch, warned, pass, reasons, worker } = watched();
    pass(10, true);
    pass(29, false);
    expect(reasons()).toEqual([]);
    pass(1, false);
    expect(reasons()).toEqual([
      expect.stringMatching(/^its thread has not reported for 30 s; 5 records wait/),
    ]);
    pass(20, false);
    expect(warned).toMatchObject([{ code: 'WORKER_STALLED', stage: 'consumer' }]);
    // A worker that is stuck with nothing read says nothing of the age: the main thread knows how long it has waited.
    expect(watch.backlog()).toMatchObject({ records: 5, oldestMs: expect.any(Number) as number });
    expect(watch.backlog().oldestMs).toBeGreaterThanOrEqual(59_000);
    worker.progress = '1';
    pass(1, true);
    expect(reasons()).toEqual([]);
  });

  it('is a problem when it reports and processes nothing for a minute although the store is well', () => {
    const { pass, reasons, worker } = watched();
    pass(60, true);
    expect(reasons()).toEqual([]);
    pass(1, true);
    expect(reasons()).toEqual([
      expect.stringMatching(/^5 records wait and none was processed for 60 s, although/),
    ]);
    worker.waiting = 0;
    pass(1, true);
    expect(reasons()).toEqual([]);
  });

  it.each([
    ['something else explains it', { isHeldUp: true }],
    ['there is no work', { waiting: 0 }],
  ])('is none while %s', (_why, state) => {
    const { pass, reasons, worker } = watched();
    Object.assign(worker, state);
    pass(300, true);
    expect(reasons()).toEqual([]);
    Object.assign(worker, { isHeldUp: false, waiting: 5 });
    pass(59, true);
    expect(reasons()).toEqual([]);
  });

  it('is none while each minute something is processed', () => {
    const { pass, reasons, worker } = watched();
    for (let i = 0; i < 10; i++) {
      worker.progress = String(i);
      pass(59, true);
      expect(reasons()).toEqual([]);
    }
  });
});
