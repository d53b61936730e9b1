import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { Clock } from './clock.js';
import type { LogConfig } from './config/sluice-config.js';
import { loggable, loggableText } from './loggable.js';

export type { Logger } from 'pino';

const STDERR = 2;

export interface LoggerOptions extends LogConfig {
  /** Instead of stderr; lines come as JSON unless `format` is `pretty`. */
  readonly destination?: DestinationStream;
}

/**
 * Log lines go to stderr, so that stdout holds nothing but what a command was asked for; containers and journald
 * collect both. Written synchronously: there are few of them, and the last ones before an exit are the ones
 * that matter. Values are escaped and cut (see `loggable`), stacks appear at debug level only.
 */
export function createLogger({ level, format, destination: given }: LoggerOptions): Logger {
  const withStack = level === 'debug' || level === 'trace';
  const output = given ?? destination({ dest: STDERR, sync: true });
  const isPretty = format === 'pretty' || (format === 'auto' && given === undefined && isatty(STDERR));
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => loggable(fields, withStack),
        bindings: (fields) => loggable(fields, withStack),
      },
      serializers: { err: (thrown: unknown) => thrown },
      hooks: {
        logMethod(args, write) {
          // The sentence is constant by convention; one that is made from a failure may hold anything.
          const [first, second] = args as [unknown, unknown];
          if (typeof first === 'string') return write.call(this, loggableText(first));
          const sentence = second ?? (first instanceof Error ? first.message : undefined);
          if (sentence === undefined) return write.call(this, first as object);
          return write.call(this, first as object, loggableText(String(sentence)));
        },
      },
    },
    isPretty ? pretty(output, given === undefined) : output,
  );
}

/** Line by line: pino-pretty's own stream and worker lose what they still hold when the process exits. */
function pretty(output: DestinationStream, isTerminal: boolean): DestinationStream {
  // Only needed on a terminal: loading it costs every other start.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  const toPretty = prettyFactory({
    colorize: isTerminal && isatty(STDERR) && process.env.NO_COLOR === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return { write: (line) => output.write(toPretty(line)) };
}

export type RepeatedLevel = 'info' | 'warn' | 'error';

export interface RateLimitedLogger {
  /** Writes the line unless its code had one within the interval; then it counts for the next. */
  log(level: RepeatedLevel, code: string, fields: Readonly<Record<string, unknown>>, sentence: string): void;
}

/** Codes come from closed lists; this only bounds what a mistake could cost. */
const MAX_CODES = 1_000;

/** At most one line a code every `everyMs`; `suppressed` on the next line tells how many were left out. */
export function rateLimited(logger: Logger, everyMs: number, clock: Clock): RateLimitedLogger {
  const seen = new Map<string, { loggedAtMs: number; suppressed: number }>();
  return {
    log(level, code, fields, sentence) {
      const nowMs = clock.monotonicMs();
      const last = seen.get(code);
      if (last !== undefined && nowMs - last.loggedAtMs < everyMs) {
        last.suppressed += 1;
        return;
      }
      if (last === undefined && seen.size >= MAX_CODES) seen.clear();
      seen.set(code, { loggedAtMs: nowMs, suppressed: 0 });
      const suppressed = last?.suppressed ?? 0;
      logger[level]({ ...fields, code, ...(suppressed > 0 ? { suppressed } : {}) }, sentence);
    },
  };
}
