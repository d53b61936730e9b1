import { type Command, Option } from 'commander';
import { instantOption } from './instant-option.js';
import { configOption, duration, wholeNumber } from './options.js';
import { EXPORT_FORMATS, type ExportOptions, OUTPUT_FORMATS, type QueryOptions } from './query-options.js';
import { help } from './usage.js';

const MAX_ROWS = 1_000_000_000;

const QUERY_NOTE = `The embedded store is asked, through the gateway while it runs. Each measurement is a view with time, tags and fields; the
dialect is that of DuckDB. Only one statement that reads is taken. A query that would take memory from the writer is ended.
A table has at most 1000 rows, other formats a million; --limit changes both.`;

const EXPORT_NOTE = `Rows come as they are stored, in no order; sluice query has ORDER BY. The file gets its name when it is complete.`;

/** `sluice query` and `sluice export`. */
export function addQuery(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('query')
    .description('Run one SQL statement that only reads the embedded store, also beside a running gateway.')
    .argument('<statement>', 'SQL; - reads it from standard input')
    .addOption(configOption())
    .addOption(
      new Option('--format <format>', 'how rows are written').choices(OUTPUT_FORMATS).default('table'),
    )
    .option('--output <file>', 'write the answer to this file in place of standard output')
    .option('--limit <rows>', 'at most so many rows', wholeNumber(1, MAX_ROWS))
    .option('--timeout <time>', 'end the query after this time, such as 30s (default: 5min)', duration)
    .addHelpText(
      'after',
      help(
        [
          "query 'SHOW TABLES'",
          "query --format csv 'SELECT * FROM climate' --output climate.csv",
          'query - < day.sql',
        ],
        QUERY_NOTE,
      ),
    )
    .action(async (statement: string, options: QueryOptions) => {
      const { queryStore } = await import('./query-store.js');
      finish(await queryStore(statement, options));
    });
  program
    .command('export')
    .description('Write the rows of a measurement to a CSV or Parquet file, also beside a running gateway.')
    .addOption(configOption())
    .requiredOption('--measurement <name>', 'its exact name')
    .option('--from <time>', 'a date, a time as in RFC 3339, seconds or ms since 1970, or now-7d', (text) =>
      instantOption(text),
    )
    .option('--to <time>', 'the end, exclusive', (text) => instantOption(text))
    .addOption(new Option('--format <format>', 'kind of file').choices(EXPORT_FORMATS).makeOptionMandatory())
    .requiredOption('--output <file>', 'the file; one that is there is replaced')
    .option('--timeout <time>', 'end the export after this time (default: 1h)', duration)
    .addHelpText(
      'after',
      help(
        [
          'export --measurement climate --format parquet --output climate.parquet',
          'export --measurement climate --from now-7d --format csv --output week.csv',
        ],
        EXPORT_NOTE,
      ),
    )
    .action(async (options: ExportOptions) => {
      const { exportMeasurement } = await import('./export-measurement.js');
      finish(await exportMeasurement(options));
    });
}
