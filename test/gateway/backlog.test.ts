import { describe, expect, it } from 'vitest';
import { type BacklogSample, backlogOf, logBytesPerSecond } from '../../src/gateway/backlog.js';

const LOG = {
  unread: 0,
  sizeBytes: 0,
  maxSizeBytes: 1_000_000,
  bytesPerRecord: 100,
  bytesAppended: 0,
  isBlocked: false,
};

/** A path over some seconds: what has come and gone in all, by second. */
function path(seconds: number, received: (s: number) => number, processed: (s: number) => number, log = {}) {
  return Array.from({ length: seconds + 1 }, (_, s): BacklogSample => {
    const unread = received(s) - processed(s);
    return {
      atMs: 5_000 + s * 1_000,
      received: received(s),
      processed: processed(s),
      oldestMs: unread === 0 ? 0 : 30_000,
      log: { ...LOG, unread, sizeBytes: unread * 100, bytesAppended: received(s) * 100, ...log },
    };
  });
}

describe('the backlog', () => {
  it('is none while what was received is on its way', () => {
    expect(
      backlogOf(
        path(
          0,
          () => 10,
          () => 10,
        ),
      ),
    ).toEqual({
      records: 0,
      bytes: 0,
      oldestMs: 0,
      caughtUp: { state: 'now', ms: 0 },
      catchUp: { state: 'now', ms: 0 },
      logFull: { state: 'never' },
      summary: 'no backlog',
    });
    const flowing = path(
      120,
      (s) => s * 100 + 10,
      (s) => s * 100,
    ).map((sample) => ({ ...sample, oldestMs: 200 }));
    expect(backlogOf(flowing)).toMatchObject({
      records: 10,
      caughtUp: { state: 'now' },
      logFull: { state: 'never' },
    });
  });

  it('is not estimated in the first minute', () => {
    const view = backlogOf(
      path(
        59,
        (s) => 1_000 + s * 10,
        () => 0,
      ),
    );
    expect(view).toMatchObject({ caughtUp: { state: 'unknown' }, logFull: { state: 'unknown' } });
    expect(view.summary).toBe(
      '1590 records wait (about 156 KiB), the oldest for 30 s; not known yet when it is caught up',
    );
  });

  it('says when it is caught up, from what comes in and goes out', () => {
    // 100 a second come, 150 go: 3,000 of 6,000 are left after a minute.
    const view = backlogOf(
      path(
        60,
        (s) => 6_000 + s * 100,
        (s) => s * 150,
      ),
    );
    expect(view).toMatchObject({
      records: 3_000,
      bytes: 300_000,
      caughtUp: { state: 'in', ms: 60_000 },
      logFull: { state: 'never' },
    });
    expect(view.summary).toContain('caught up in about 60 s');
  });

  it('says when the log is full while it grows', () => {
    // 10 records of 100 bytes a second more: 900,000 bytes are free after 100 s.
    const view = backlogOf(
      path(
        100,
        (s) => s * 20,
        (s) => s * 10,
      ),
    );
    expect(view).toMatchObject({ caughtUp: { state: 'never' }, logFull: { state: 'in', ms: 900_000 } });
    expect(view.summary).toContain('the log is full in about 15 min');
  });

  it('takes the time before an outage for no part of it', () => {
    // 100 records of 100 bytes a second come; for the last 30 s none is processed. 700,000 bytes are free.
    const samples = path(
      300,
      (s) => s * 100,
      (s) => Math.min(s, 270) * 100,
      { sizeBytes: 300_000 },
    );
    expect(backlogOf(samples).logFull).toEqual({ state: 'in', ms: 70_000 });
    expect(logBytesPerSecond(samples)).toBe(10_000);
  });

  it('says how long catching up takes once nothing holds it up', () => {
    const away = path(
      100,
      (s) => s * 20,
      () => 0,
    );
    expect(backlogOf(away)).toMatchObject({ caughtUp: { state: 'never' }, catchUp: { state: 'unknown' } });
    // 2,000 wait, 20 a second come, and 220 were stored at best.
    expect(backlogOf(away, 220).catchUp).toEqual({ state: 'in', ms: 10_000 });
    expect(backlogOf(away, 20).catchUp).toEqual({ state: 'never' });
  });

  it('counts bytes a second from the second sample on, and only where a log runs', () => {
    const samples = path(
      1,
      (s) => s * 5,
      () => 0,
    );
    expect(logBytesPerSecond(samples)).toBe(500);
    expect(logBytesPerSecond(samples.slice(1))).toBeUndefined();
    expect(logBytesPerSecond(samples.map(({ log: _, ...sample }) => sample))).toBeUndefined();
  });

  it('has the age of what waits in a stream and was not read yet', () => {
    const [sample] = path(
      0,
      () => 5,
      () => 5,
    );
    expect(backlogOf([{ ...sample!, oldestMs: 60_000 }])).toMatchObject({ records: 0, oldestMs: 60_000 });
  });

  it('says that the log is full as soon as it is', () => {
    const view = backlogOf(
      path(
        1,
        () => 100,
        () => 0,
        { isBlocked: true },
      ),
    );
    expect(view.logFull).toEqual({ state: 'now', ms: 0 });
    expect(view.summary).toContain('the log is full');
  });

  it('without a log knows only records and times', () => {
    const samples = path(
      60,
      (s) => s * 10,
      (s) => s * 5,
    ).map(({ log: _log, ...sample }) => sample);
    const view = backlogOf(samples);
    expect(view).toMatchObject({
      records: 300,
      bytes: undefined,
      logFull: undefined,
      caughtUp: { state: 'never' },
    });
  });
});

it('is said in words for one record, and for a log that is full with none waiting', () => {
  const sample = path(
    0,
    () => 1,
    () => 0,
  )[0]!;
  expect(backlogOf([sample]).summary).toMatch(/^1 record waits \(about 1 KiB\), the oldest for 30 s;/);
  const full = path(
    0,
    () => 1,
    () => 1,
    { isBlocked: true },
  );
  expect(backlogOf(full).summary).toBe('no backlog; the log is full');
});
