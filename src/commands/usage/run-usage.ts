import { type Command, Option } from 'commander';
import { ROLES } from '../../gateway-options.js';
import type { DoctorOptions } from '../doctor.js';
import type { CheckOptions, DemoOptions, StartOptions } from '../options.js';
import { help } from './help-text.js';
import { configOption, positiveNumber, wholeNumber } from './option-values.js';

export function addStart(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('start')
    .description('Run the gateway until SIGTERM or SIGINT; the first drains, a second ends at once.')
    .addOption(configOption())
    .addOption(
      new Option(
        '--role <role>',
        'with stream.mode: kinesis, the half of the path to run: broker to Kinesis (ingest), Kinesis to store (consume), or both',
      )
        .choices(ROLES)
        .default('all'),
    )
    .addHelpText(
      'after',
      help(['sluice start', 'sluice start -c /etc/sluice/sluice.yaml', 'sluice start --role ingest']),
    )
    .action(async (options: StartOptions) => {
      const { start } = await import('../start.js');
      finish(await start(options));
    });
}

export function addDemo(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('demo')
    .description('Run everything on embedded defaults: gateway, simulated sensors, DuckDB, live page.')
    .option('--mqtt-port <port>', 'port of the MQTT listener', wholeNumber(0, 65_535), 1883)
    .option('--http-port <port>', 'port of the live page', wholeNumber(0, 65_535), 8080)
    .option('--data-directory <path>', 'where to keep its data (default: ./data/demo)')
    .option('--devices <number>', 'simulated devices', wholeNumber(1, 1_000_000))
    .option('--rate <number>', 'readings a second of all devices together', positiveNumber)
    .addOption(
      new Option('--stream <mode>', 'straight from the log, or through a local Kinesis')
        .choices(['direct', 'kinesis'])
        .default('direct'),
    )
    .option('--no-fleet', 'simulate no sensors')
    .addHelpText(
      'after',
      help([
        'sluice demo',
        'sluice demo --stream kinesis',
        'sluice demo --mqtt-port 0 --devices 500 --rate 2000',
      ]),
    )
    .action(async (options: DemoOptions) => {
      const { demo } = await import('../demo.js');
      finish(await demo(options));
    });
}

export function addCheck(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('check')
    .description('Tell whether start would start: configuration, ports, data directory. Changes nothing.')
    .addOption(configOption())
    .option('--print', 'show the configuration in force, secrets as set or unset', false)
    .addHelpText('after', help(['sluice check', 'sluice check -c sluice.yaml --print']))
    .action(async (options: CheckOptions) => {
      const { check } = await import('../check.js');
      finish(await check(options));
    });
}

export function addDoctor(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('doctor')
    .description('Check configuration, ports, disk, clock, store and stream, and say what to mend.')
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText('after', help(['sluice doctor', 'sluice doctor -c sluice.yaml --json']))
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('../doctor.js');
      finish(await doctor(options));
    });
}
