import { Argument, type Command } from 'commander';
import { FIELD_TYPES, type FieldType } from '../sink/point.js';
import { type ConfigOptions, configOption } from './options.js';
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

/** `sluice store`: changes of the store that an operator asks for. */
export function addStore(program: Command, finish: (exitCode: number) => void): void {
  const store = program
    .command('store')
    .description('Change or drop a field of the DuckDB store, for example when a wrong type got in first.')
    .addHelpText(
      'after',
      help(['store retype climate temperature float', 'store drop-field climate humidty --yes']),
    );
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
