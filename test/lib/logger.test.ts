import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Clock, SystemClock } from '../../src/lib/clock.js';
import { SluiceError } from '../../src/lib/errors.js';
import { loggable } from '../../src/lib/loggable.js';
import type { LogConfig } from '../../src/lib/logger.js';
import { createLogger, type Logger } from '../../src/lib/logger.js';
import { NEXT_STEPS } from '../../src/lib/warnings.js';

interface Captured {
  readonly logger: Logger;
  readonly text: () => string;
  readonly lines: () => Record<string, unknown>[];
}

function capture(
  level: LogConfig['level'] = 'info',
  format: LogConfig['format'] = 'json',
  clock: Clock = new SystemClock(),
): Captured {
  let text = '';
  const write = (line: string) => {
    text += line;
  };
  const logger = createLogger({ level, format, destination: { write }, clock });
  return {
    logger,
    text: () => text,
    lines: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('JSON lines', () => {
  test('a line has time, level, fields and the sentence, and nothing of the machine', () => {
    const { logger, lines } = capture();
    logger.warn({ code: 'LOG_BLOCKED', records: 3, at: 5n }, 'the log is full');
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        code: 'LOG_BLOCKED',
        records: 3,
        at: '5',
        next: NEXT_STEPS.LOG_BLOCKED.replaceAll('`', ''),
        msg: 'the log is full',
      },
    ]);
  });

  test('lines below the level are not written', () => {
    const { logger, lines } = capture('warn');
    logger.info({}, 'no');
    logger.warn({ code: 'LOG_BLOCKED' }, 'yes');
    expect(lines()).toHaveLength(1);
  });

  test.each([
    ['\u001b[2Jx', '\\u001b[2Jx'],
    ['a\nlevel=fatal', 'a\\nlevel=fatal'],
    ['abc\u202edef', 'abc\\u202edef'],
    ['\u0000\u007f\u009b', '\\u0000\\u007f\\u009b'],
    ['\u2028\u200b\ufeff', '\\u2028\\u200b\\ufeff'],
    ['\ud800', '\\ud800'],
    ['plain Grüße 温度 🙂', 'plain Grüße 温度 🙂'],
  ])('[security 46] unprintable characters of a device are escaped, anywhere in a line: %j', (raw, shown) => {
    const { logger, lines } = capture();
    logger.warn(
      { code: 'BROKER_INTERNAL', clientId: raw, nested: { list: [raw] }, [raw]: 1, err: new Error(raw) },
      raw,
    );
    expect(lines()).toEqual([
      expect.objectContaining({
        clientId: shown,
        nested: { list: [shown] },
        [shown]: 1,
        err: { type: 'Error', message: shown },
        msg: shown,
      }),
    ]);
  });

  test('long values are cut at 256 characters, long lists and deep objects too', () => {
    const { logger, lines } = capture();
    let deep: object = { x: 1 };
    for (let i = 0; i < 100; i += 1) deep = { deep };
    logger.info({ topic: 'x'.repeat(300), list: Array(60).fill(1), deep }, 's');
    const [line] = lines();
    expect(line!.topic).toBe(`${'x'.repeat(256)}…`);
    expect(line!.list).toHaveLength(51);
    expect(JSON.stringify(line!.deep).length).toBeLessThan(100);
  });

  test('a payload never gets into a log: of buffers only the length is written', () => {
    const { logger, text } = capture();
    logger.info({ payload: Buffer.from('hunter2') }, 's');
    expect(text()).toContain('"payload":"7 bytes"');
  });

  test('an error has code and cause, and with its stack only at debug level', () => {
    const thrown = new SluiceError('LOG_FAILED', 'broken\nfor good', { cause: new Error('disk') });
    const { logger, lines } = capture('info');
    logger.error({ code: 'HTTP_FAILED', err: thrown }, 's');
    expect(lines()[0]).toMatchObject({
      err: {
        type: 'SluiceError',
        code: 'LOG_FAILED',
        message: 'broken\\nfor good',
        cause: { message: 'disk' },
      },
      msg: 's',
    });
    expect(JSON.stringify(lines()[0])).not.toContain('"stack"');
    const debug = capture('debug');
    debug.logger.error({ code: 'HTTP_FAILED', err: thrown }, 's');
    expect(debug.lines()[0]!.err).toMatchObject({
      stack: expect.arrayContaining([expect.stringMatching(/^at /)]),
    });
  });

  test('values that JSON has no word for do not throw', () => {
    const { logger, lines } = capture();
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    logger.info(
      { circular, nan: Number.NaN, f: () => 1, s: Symbol('x'), d: new Date(Number.NaN), n: null },
      's',
    );
    expect(lines()[0]).toMatchObject({ nan: 'NaN', f: 'function', s: 'symbol', d: 'Invalid Date', n: null });
  });
});

test('pretty lines are for people: one line, no JSON, still escaped', () => {
  const { logger, text } = capture('info', 'pretty');
  logger.warn({ code: 'BROKER_INTERNAL', clientId: 'a\u001b[31m\nb' }, 'a client was rejected');
  expect(text()).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: a client was rejected .*\n$/);
  expect(text()).not.toContain('\u001b');
});

test.each(['json', 'pretty'] as const)(
  'a user name cannot forge a %s line, or move a terminal [security 46]',
  (format) => {
    const { logger, text } = capture('info', format);
    const user = 'ops\u001b[2J\n{"level":"info"}\u202e';
    logger.warn({ code: 'CARDINALITY_EXCEEDED', user }, 'a record is over a budget');
    expect(text().trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text()).toContain('u001b[2J');
  },
);

const NEXT = NEXT_STEPS.STORE_UNAVAILABLE;

describe('warnings', () => {
  /** Time that is steered for clock and timers alike. */
  function steered() {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    return capture('info', 'json', { nowNs: () => 0n, monotonicMs: () => Date.now() });
  }
  const seen = (lines: Record<string, unknown>[]) =>
    lines.map(({ code, n, heldBack }) => [code, n, heldBack]);

  test('each one has what the operator does about it', () => {
    const { logger, lines } = capture();
    logger.warn({ code: 'DEAD_LETTER_FULL' }, 's');
    logger.fatal({ code: 'LOG_FAILED' }, 's');
    expect(lines()).toMatchObject([
      {
        next: 'Run npx sluice dead-letters list, then replay or purge the parked records, or raise consumer.deadLetter.maxSize.',
      },
      { next: NEXT_STEPS.LOG_FAILED },
    ]);
  });

  test('no next step is cut, and each is one line', () => {
    for (const [code, next] of Object.entries(NEXT_STEPS)) {
      expect(loggable({ next }, false), code).toEqual({ next });
      expect(next, code).toMatch(/^[A-Z`].*\.$/);
    }
  });

  test('are written at most once per code in 30 s; the last one held back follows, with how many were', () => {
    const { logger, lines } = steered();
    for (let n = 0; n < 5; n += 1) logger.warn({ code: 'LOG_BLOCKED', n }, 's');
    logger.warn({ code: 'LOG_UNBLOCKED', n: 9 }, 's');
    vi.advanceTimersByTime(29_999);
    expect(seen(lines())).toEqual([
      ['LOG_BLOCKED', 0, undefined],
      ['LOG_UNBLOCKED', 9, undefined],
    ]);
    vi.advanceTimersByTime(1);
    expect(seen(lines()).slice(2)).toEqual([['LOG_BLOCKED', 4, 3]]);
    logger.warn({ code: 'LOG_BLOCKED', n: 5 }, 's');
    vi.advanceTimersByTime(90_000);
    expect(seen(lines()).slice(3)).toEqual([['LOG_BLOCKED', 5, undefined]]);
  });

  test('errors are limited in the same way, the last line of a process is not', () => {
    const { logger, lines } = steered();
    for (let n = 0; n < 3; n += 1) {
      logger.error({ code: 'HTTP_FAILED', n }, 's');
      logger.fatal({ code: 'WORKER_FAILED', n }, 's');
    }
    expect(seen(lines())).toEqual([
      ['HTTP_FAILED', 0, undefined],
      ['WORKER_FAILED', 0, undefined],
      ['WORKER_FAILED', 1, undefined],
      ['WORKER_FAILED', 2, undefined],
    ]);
  });

  test('those that a stage has limited already pass', () => {
    const { logger, lines } = steered();
    logger.warn({ code: 'STORE_UNAVAILABLE', n: 1, heldBack: 0 }, 's');
    logger.warn({ code: 'STORE_UNAVAILABLE', n: 2, heldBack: 7 }, 's');
    expect(seen(lines())).toEqual([
      ['STORE_UNAVAILABLE', 1, undefined],
      ['STORE_UNAVAILABLE', 2, 7],
    ]);
  });

  test('the recent ones can be read, escaped as in the log and whatever its level, and are counted', () => {
    const { logger, text } = capture('silent');
    logger.warn({ code: 'STORE_UNAVAILABLE', heldBack: 2, reason: 'a\nb', body: Buffer.from('x') }, 'away\n');
    logger.error({ code: 'HTTP_FAILED' }, 's');
    expect(text()).toBe('');
    expect(logger.recentWarnings.after(0)).toEqual([
      {
        seq: 1,
        atMs: expect.any(Number),
        level: 'warn',
        code: 'STORE_UNAVAILABLE',
        sentence: 'away\\n',
        next: NEXT,
        fields: { reason: 'a\\nb', body: '1 bytes' },
        heldBack: 2,
      },
      expect.objectContaining({ seq: 2, level: 'error', code: 'HTTP_FAILED' }),
    ]);
    expect(logger.recentWarnings.after(1)).toHaveLength(1);
    expect(logger.recentWarnings.totals()).toMatchObject({
      STORE_UNAVAILABLE: 3,
      HTTP_FAILED: 1,
      LOG_FAILED: 0,
    });
  });

  test('200 of them are kept', () => {
    const { logger } = capture('silent');
    for (let n = 1; n <= 250; n += 1) logger.fatal({ code: 'WORKER_FAILED' }, 's');
    const kept = logger.recentWarnings.after(0);
    expect(kept.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 51));
    expect(logger.recentWarnings.totals().WORKER_FAILED).toBe(250);
  });
});

describe('the level at run time', () => {
  test('changes at once, logs the change, and also decides about stacks', () => {
    const { logger, lines } = capture('warn');
    logger.debug({}, 'no');
    logger.level.toggleDebug();
    expect(logger.level.current()).toBe('debug');
    expect(logger.isDebug).toBe(true);
    logger.debug({ err: new Error('x') }, 'yes');
    logger.level.toggleDebug();
    logger.debug({}, 'no');
    logger.info({}, 'no');
    expect(lines()).toEqual([
      expect.objectContaining({ level: 'info', from: 'warn', to: 'debug', msg: 'the log level has changed' }),
      expect.objectContaining({
        level: 'debug',
        msg: 'yes',
        err: expect.objectContaining({ stack: expect.any(Array) }),
      }),
      expect.objectContaining({ level: 'info', from: 'debug', to: 'warn', msg: 'the log level has changed' }),
    ]);
  });

  test('can be set for a time, after which the configured one is back', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { logger } = capture('info');
    logger.level.set('trace', 60_000);
    vi.advanceTimersByTime(59_999);
    expect(logger.level.current()).toBe('trace');
    vi.advanceTimersByTime(1);
    expect(logger.level.current()).toBe('info');
    logger.level.set('debug', 60_000);
    logger.level.set('error');
    vi.advanceTimersByTime(120_000);
    expect(logger.level.current()).toBe('error');
  });
});

describe('audit lines', () => {
  const entry = {
    change: 'purge',
    user: 'ann',
    method: 'token',
    remoteAddress: '10.0.0.7',
    outcome: 'done',
    parameters: { ids: Array.from({ length: 60 }, (_, nth) => `${nth}`), topic: 'a\u001b[2J\nb' },
  } as const;

  test.each(['info', 'warn', 'error', 'fatal'] as const)(
    'are written at level %s, one for each change',
    (level) => {
      const { logger, lines } = capture(level);
      logger.audit(entry);
      logger.audit({ ...entry, change: 'log-level' });
      expect(lines()).toMatchObject([
        { level: 'info', code: 'AUDIT', change: 'purge', user: 'ann', msg: 'a change was asked for' },
        { level: 'info', code: 'AUDIT', change: 'log-level' },
      ]);
    },
  );

  test('are not hidden by who makes the log quiet', () => {
    const { logger, lines } = capture();
    logger.level.set('error');
    logger.audit(entry);
    expect(lines().at(-1)).toMatchObject({ code: 'AUDIT' });
  });

  test('are not written where the configuration wants no log at all', () => {
    const { logger, text } = capture('silent');
    logger.audit(entry);
    expect(text()).toBe('');
  });

  test('have parameters that are cut and printable', () => {
    const { logger, text, lines } = capture();
    logger.audit(entry);
    const [line] = lines() as [{ parameters: { ids: string[]; topic: string } }];
    expect(line.parameters.ids).toHaveLength(51);
    expect(line.parameters.topic).toBe('a\\u001b[2J\\nb');
    expect(text().length).toBeLessThan(2_000);
  });

  test('of what was refused there is one in 30 s, which counts the others', () => {
    const clock = { ms: 0, nowNs: () => 0n, monotonicMs: () => clock.ms };
    const { logger, lines } = capture('info', 'json', clock);
    for (let nth = 0; nth < 1_000; nth += 1) logger.audit({ ...entry, outcome: 'refused', reason: '401' });
    expect(lines()).toHaveLength(1);
    logger.audit(entry);
    expect(lines()).toHaveLength(2);
    logger.audit({ ...entry, change: 'reload', outcome: 'refused', reason: '401' });
    expect(lines().at(-1)).toMatchObject({ code: 'AUDIT', change: 'reload' });
    clock.ms = 30_000;
    logger.audit({ ...entry, outcome: 'refused', reason: '401' });
    expect(lines().at(-1)).toMatchObject({ outcome: 'refused', reason: '401', heldBack: 999 });
  });
});
