import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino';
import type { AuditEntry } from './audit.js';
import { type Clock, SystemClock } from './clock.js';
import { LevelSwitch, type LogLevel } from './level-switch.js';
import { LimitedWarning } from './limited-warning.js';
import { loggable, loggableText } from './loggable.js';
import { withSluiceCommands } from './package-root.js';
import { RecentWarnings } from './recent-warnings.js';
import { NEXT_STEPS, type WarningCode, type WarningFields } from './warnings.js';

const STDERR = 2;
const AUDIT_SENTENCE = 'a change was asked for';

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: 'auto' | 'json' | 'pretty';
}

export interface LoggerOptions extends LogConfig {
  /** Instead of stderr; lines come as JSON unless `format` is `pretty`. */
  readonly destination?: DestinationStream;
  readonly clock?: Clock;
}

/**
 * Creates the logger of the process. Its lines go to stderr, so that stdout has the output of a command only; containers
 * and journald collect both. They are written synchronously: there are few, and the last ones before an exit
 * matter most. Values are escaped and cut (see `loggable`); stacks appear at debug level only.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, destination: given } = options;
  const output = given ?? stderr();
  const isPretty = format === 'pretty' || (format === 'auto' && given === undefined && isatty(STDERR));
  const lines = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (thrown: unknown) => thrown },
    },
    isPretty ? pretty(output, given === undefined) : output,
  );
  return new Logger(lines, options);
}

function stderr(): DestinationStream {
  const output = destination({ dest: STDERR, sync: true });
  // A terminal that was closed takes no more lines. Without a listener each log call would throw, and
  // the gateway could not stop in order.
  output.on('error', () => undefined);
  return output;
}

/** Formats line by line: pino-pretty's own stream and worker lose buffered lines when the process exits. */
function pretty(output: DestinationStream, isTerminal: boolean): DestinationStream {
  // It is needed on a terminal only, and loading it would slow down every other start.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  const toPretty = prettyFactory({
    colorize: isTerminal && isatty(STDERR) && process.env.NO_COLOR === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return { write: (line) => output.write(toPretty(line)) };
}

/**
 * Logger writes the lines of the process. A warning or error has a code and, as `next`, what the operator does about it.
 * At most one of them is written per code in 30 s; the last one held back follows when the time is over.
 */
export class Logger {
  readonly level: LevelSwitch;
  readonly recentWarnings = new RecentWarnings();
  readonly #lines: PinoLogger;
  readonly #warnings: LimitedWarning<WarningCode>;
  readonly #errors: LimitedWarning<WarningCode>;
  /** Has a level of its own: making the log quiet must not hide who did so, and what follows. */
  readonly #auditLines: PinoLogger | undefined;
  /** By what was to be changed. */
  readonly #refusedChanges: LimitedWarning<string>;

  constructor(lines: PinoLogger, { level, clock = new SystemClock() }: LoggerOptions) {
    this.#lines = lines;
    const later = (ms: number, run: () => void) => void setTimeout(run, ms).unref();
    const limited = (of: 'warn' | 'error') =>
      new LimitedWarning<WarningCode>((fields, sentence) => this.#write(of, fields, sentence), clock, {
        later,
      });
    this.#warnings = limited('warn');
    this.#errors = limited('error');
    if (level !== 'silent') {
      this.#auditLines = lines.child({});
      // An option of `child` that names the level of the parent would follow it later.
      this.#auditLines.level = 'info';
    }
    this.#refusedChanges = new LimitedWarning(
      (fields, sentence) => this.#writeAudit(fields, sentence),
      clock,
      { later },
    );
    this.level = new LevelSwitch({
      configured: level,
      apply: (to) => {
        lines.level = to;
      },
      log: (fields, sentence) => this.info(fields, sentence),
    });
  }

  /** Whether `debug` writes anything; check it before building costly fields. */
  get isDebug(): boolean {
    return this.#lines.isLevelEnabled('debug');
  }

  debug(fields: object, sentence: string): void {
    if (this.isDebug) this.#lines.debug(this.#plain(fields), loggableText(sentence));
  }

  info(fields: object, sentence: string): void {
    if (this.#lines.isLevelEnabled('info')) this.#lines.info(this.#plain(fields), loggableText(sentence));
  }

  warn(fields: WarningFields, sentence: string): void {
    // With `heldBack` the stage limits its lines already.
    if (fields.heldBack !== undefined) this.#write('warn', fields, sentence);
    else this.#warnings.log(fields.code, fields, sentence);
  }

  error(fields: WarningFields, sentence: string): void {
    this.#errors.log(fields.code, fields, sentence);
  }

  /**
   * Writes who changed what. Every line is written, whatever the level of the log is, unless the configuration says
   * `silent`. Of those that were refused, which anybody can cause, there is one of each
   * kind in 30 s.
   */
  audit({ user, parameters, ...entry }: AuditEntry): void {
    const fields = {
      ...(user !== undefined && { user }),
      ...entry,
      ...(parameters !== undefined && { parameters }),
    };
    if (entry.outcome === 'refused') this.#refusedChanges.log(entry.change, fields, AUDIT_SENTENCE);
    else this.#writeAudit({ ...fields, heldBack: 0 }, AUDIT_SENTENCE);
  }

  #writeAudit(
    { heldBack, ...fields }: { readonly heldBack: number; readonly [field: string]: unknown },
    sentence: string,
  ): void {
    const all = { ...fields, code: 'AUDIT', ...(heldBack > 0 && { heldBack }) };
    this.#auditLines?.info(this.#plain(all), sentence);
  }

  /** Writes the last line of a process; it is never held back. */
  fatal(fields: WarningFields, sentence: string): void {
    this.#write('fatal', fields, sentence);
  }

  #write(
    level: 'warn' | 'error' | 'fatal',
    { code, heldBack = 0, next: nextStep = NEXT_STEPS[code], ...rest }: WarningFields,
    sentence: string,
  ): void {
    const next = withSluiceCommands(nextStep).replaceAll('`', '');
    const fields = this.#plain(rest);
    const text = loggableText(withSluiceCommands(sentence));
    this.recentWarnings.add({ atMs: Date.now(), level, code, sentence: text, next, fields, heldBack });
    this.#lines[level]({ code, ...fields, ...(heldBack > 0 ? { heldBack } : {}), next }, text);
  }

  #plain(fields: object): Record<string, unknown> {
    return loggable(fields, this.isDebug);
  }
}
