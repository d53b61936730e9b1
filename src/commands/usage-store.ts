import { Argument, type Command } from 'commander';
import { FIELD_TYPES, type FieldType } from '../sink/point.js';
import { type ConfigOptions, configOption, type StorePrepareOptions } from './options.js';
import { help } from './usage.js';

interface RetypeOptions extends ConfigOptions {
  readonly force: boolean;
  readonly json: boolean;
}

interface DropFieldOptions extends ConfigOptions {
  readonly yes: boolean;
  readonly json: boolean;
}

const NOTE = `Beside a running gateway it does this between two writes. With InfluxDB the command prints what to do there instead.`;

const PREPARE_NOTE = `It connects with the user or token of the configuration, which needs the rights of an administrator here; a gateway does not.
Exit code 2: something differs from the configuration and was left as it is. With DuckDB there is nothing to prepare.`;

/** `sluice store`: changes of the store that an operator asks for. */
export function addStore(program: Command, finish: (exitCode: number) => void): void {
  const store = program
    .command('store')
    .description(
      'Make what the gateway writes to; change or drop a field of the DuckDB store, for example when a wrong type got in first.',
    )
    .addHelpText(
      'after',
      help([
        'store prepare -c sluice.yaml',
        'store retype climate temperature float',
        'store drop-field climate humidty --yes',
      ]),
    );
  store
    .command('prepare')
    .description(
      'Make the database or bucket of the points, and the retention policies, buckets or databases that windows write to. It may be run again.',
    )
    .addOption(configOption())
    .option('--dry-run', 'print what would be made, and make nothing', false)
    .option('--change', 'also change the retention of what is there; shorter ones remove points', false)
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      help(['store prepare -c sluice.yaml --dry-run', 'store prepare -c sluice.yaml'], PREPARE_NOTE),
    )
    .action(async (options: StorePrepareOptions) => {
      const { prepareStore } = await import('./prepare-store.js');
      finish(await prepareStore(options));
    });
  store
    .command('retype')
    .description('Give a field another type and convert its values. Without --force no value is lost.')
    .argument('<measurement>', 'its exact name')
    .argument('<field>', 'its exact name')
    .addArgument(new Argument('<type>', 'its new type').choices(FIELD_TYPES))
    .addOption(configOption())
    .option('--force', 'remove the values that cannot be converted without loss', false)
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      help(['store retype climate temperature float', 'store retype climate state string --force'], NOTE),
    )
    .action(
      async (measurement: string, field: string, type: FieldType, { config, force, json }: RetypeOptions) => {
        const { changeField } = await import('./change-field.js');
        const change = { kind: 'retype', measurement, field, type, isConfirmed: force } as const;
        finish(await changeField(change, { config, json }));
      },
    );
  store
    .command('drop-field')
    .description('Drop a field with all its values. Its name can come again, with any type.')
    .argument('<measurement>', 'its exact name')
    .argument('<field>', 'its exact name')
    .addOption(configOption())
    .option('--yes', 'confirm it when the field has values', false)
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      help(['store drop-field climate humidty', 'store drop-field climate humidty --yes'], NOTE),
    )
    .action(async (measurement: string, field: string, { config, yes, json }: DropFieldOptions) => {
      const { changeField } = await import('./change-field.js');
      const change = { kind: 'drop', measurement, field, isConfirmed: yes } as const;
      finish(await changeField(change, { config, json }));
    });
}
