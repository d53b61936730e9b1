import { describe, expect, test } from 'vitest';
import type { Clock } from '../src/clock.js';
import type { LogConfig } from '../src/config/sluice-config.js';
import { SluiceError } from '../src/errors.js';
import { createLogger, type Logger, rateLimited } from '../src/logger.js';

interface Captured {
  readonly logger: Logger;
  readonly text: () => string;
  readonly lines: () => Record<string, unknown>[];
}

function capture(level: LogConfig['level'] = 'info', format: LogConfig['format'] = 'json'): Captured {
  let text = '';
  const write = (line: string) => {
    text += line;
  };
  const logger = createLogger({ level, format, destination: { write } });
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
    logger.warn({ code: 'LOG_FULL', records: 3, at: 5n }, 'the log is full');
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        code: 'LOG_FULL',
        records: 3,
        at: '5',
        msg: 'the log is full',
      },
    ]);
  });

  test('lines below the level are not written', () => {
    const { logger, lines } = capture('warn');
    logger.info('no');
    logger.warn('yes');
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
  ])(
    'unprintable characters of a device are escaped, wherever they stand: %j (security row 46)',
    (raw, shown) => {
      const { logger, lines } = capture();
      logger.warn({ clientId: raw, nested: { list: [raw] }, [raw]: 1, err: new Error(raw) }, raw);
      expect(lines()).toEqual([
        expect.objectContaining({
          clientId: shown,
          nested: { list: [shown] },
          [shown]: 1,
          err: { type: 'Error', message: shown },
          msg: shown,
        }),
      ]);
    },
  );

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

  test('an error by itself, with code and cause, and with its stack only at debug level', () => {
    const thrown = new SluiceError('LOG_FAILED', 'broken\nfor good', { cause: new Error('disk') });
    const { logger, lines } = capture('info');
    logger.error(thrown);
    expect(lines()[0]).toMatchObject({
      err: {
        type: 'SluiceError',
        code: 'LOG_FAILED',
        message: 'broken\\nfor good',
        cause: { message: 'disk' },
      },
      msg: 'broken\\nfor good',
    });
    expect(JSON.stringify(lines()[0])).not.toContain('"stack"');
    const debug = capture('debug');
    debug.logger.error({ err: thrown }, 's');
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
  logger.warn({ clientId: 'a\u001b[31m\nb' }, 'a client was refused');
  expect(text()).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: a client was refused .*\n$/);
  expect(text()).not.toContain('\u001b');
});

describe('rateLimited', () => {
  test('writes a code once an interval and then tells how many it left out', () => {
    let nowMs = 0;
    const clock: Clock = { nowNs: () => 0n, monotonicMs: () => nowMs };
    const { logger, lines } = capture();
    const limited = rateLimited(logger, 1_000, clock);
    for (let i = 0; i < 5; i += 1) limited.log('warn', 'A', { i }, 'refused');
    limited.log('error', 'B', {}, 'other');
    nowMs = 999;
    limited.log('warn', 'A', { i: 5 }, 'refused');
    nowMs = 1_000;
    limited.log('warn', 'A', { i: 6 }, 'refused');
    nowMs = 2_000;
    limited.log('warn', 'A', { i: 7 }, 'refused');
    expect(lines().map(({ code, i, suppressed }) => [code, i, suppressed])).toEqual([
      ['A', 0, undefined],
      ['B', undefined, undefined],
      ['A', 6, 5],
      ['A', 7, undefined],
    ]);
  });

  test('what it remembers is bounded', () => {
    const clock: Clock = { nowNs: () => 0n, monotonicMs: () => 0 };
    const { logger, lines } = capture();
    const limited = rateLimited(logger, 1_000, clock);
    for (let i = 0; i < 1_001; i += 1) limited.log('warn', `C${i}`, {}, 's');
    limited.log('warn', 'C0', {}, 's');
    expect(lines()).toHaveLength(1_002);
  });
});
