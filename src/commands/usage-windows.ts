import { type Command, Option } from 'commander';
import { SluiceError } from '../lib/errors.js';
import { instantOption } from './instant-option.js';
import { type ConfigOptions, configOption } from './options.js';
import { help } from './usage.js';

interface ListOptions extends ConfigOptions {
  readonly json: boolean;
}

interface RebuildWritten extends ConfigOptions {
  readonly from?: number;
  readonly to?: number;
  readonly drop?: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

const NOTE = `It needs a running gateway, and waits until the windows are computed; Ctrl-C ends only the waiting. The exit code is also 1
when windows are older than the points of the store: they stay as they are. With --drop the gateway must be stopped: the rows of the
aggregate are deleted, and it may be something else from the next start on, such as other groups.`;

/** `sluice windows`: what is aggregated per window of time. */
export function addWindows(program: Command, finish: (exitCode: number) => void): void {
  const windows = program
    .command('windows')
    .description('List the windows that the running gateway computes, or let it compute some again.')
    .addHelpText('after', help(['windows list', 'windows rebuild climate --from 2026-11-29 --dry-run']));
  windows
    .command('list')
    .description(
      'Show for each resolution how many windows are open, wait or are computed, and where the values are.',
    )
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText('after', help(['windows list', 'windows list --json']))
    .action(async (options: ListOptions) => {
      const { listWindows } = await import('./list-windows.js');
      finish(await listWindows(options));
    });
  windows
    .command('rebuild')
    .description(
      'Compute the windows of a time again from the stored points, for example after a rule was fixed.',
    )
    .argument('[aggregate]', 'its name (default: all)')
    .addOption(configOption())
    .addOption(
      new Option(
        '--from <time>',
        'a date, a time as in RFC 3339, or such as now-7d: the first window is the one with it',
      )
        .argParser((text: string) => instantOption(text))
        .conflicts('drop'),
    )
    .addOption(
      new Option('--to <time>', 'the end, exclusive (default: now)').argParser((text: string) =>
        instantOption(text),
      ),
    )
    .option('--dry-run', 'only show how many windows it would be', false)
    .option('--force', 'also write rows whose count becomes less, because points are gone', false)
    .option('--drop <aggregate>', 'delete the rows of this aggregate, and forget what it was')
    .option('--yes', 'confirm --drop', false)
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      help(
        [
          'windows rebuild --from 2026-11-29 --to 2026-11-30 --dry-run',
          'windows rebuild climate --from 2026-11-29T08:00:00Z',
          'windows rebuild --drop climate --yes',
        ],
        NOTE,
      ),
    )
    .action(
      async (
        aggregate: string | undefined,
        { from, to, dryRun, force, drop, yes, json, config }: RebuildWritten,
      ) => {
        if (drop !== undefined) {
          const { dropWindows } = await import('./drop-windows.js');
          finish(await dropWindows({ config, aggregate: drop, yes }));
          return;
        }
        if (from === undefined) {
          throw new SluiceError('USAGE_INVALID', '--from is needed (--help shows the usage)');
        }
        const { rebuildWindows } = await import('./rebuild-windows.js');
        const span = { fromMs: from, toMs: to, isDryRun: dryRun, isForced: force };
        finish(await rebuildWindows({ config, json, ...span, aggregate }));
      },
    );
}
