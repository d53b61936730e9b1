import { type Command, Option } from 'commander';
import type { DashboardOptions, ExplainOptions } from '../options.js';
import { help } from './help-text.js';
import { configOption, dashboardUid, qosLevel, someText } from './option-values.js';

export function addExplain(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('explain')
    .description(
      'Show what the rules make of one packet: the rule that takes it, the lines, or why it is parked.',
    )
    .addOption(configOption())
    .requiredOption('--topic <topic>', 'topic the packet is published to')
    .requiredOption('--payload <payload>', 'its payload: text, @file, or - for stdin')
    .option('--client-id <id>', 'client id of the publisher', 'explain')
    .addOption(new Option('--qos <level>', 'its QoS').choices(['0', '1', '2']).default(1).argParser(qosLevel))
    .option('--received-at <time>', 'receive time, RFC 3339 (default: now)')
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      help([
        `sluice explain --topic sensors/mumbai/CITIMUM/telemetry --payload '{"temperature": 31.2}'`,
        'sluice explain -c sluice.yaml --topic home/kitchen/telemetry --payload @reading.json --json',
      ]),
    )
    .action(async (options: ExplainOptions) => {
      const { explain } = await import('../explain.js');
      finish(await explain(options));
    });
}

export function addDashboard(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('dashboard')
    .description(
      'Write a Grafana dashboard for the rules of the configuration: latest values, silent devices, every field over time.',
    )
    .addOption(configOption())
    .option('--out <file>', 'file to write; one that is there is replaced (default: stdout)')
    .option('--title <title>', 'title in Grafana', someText, 'Telemetry')
    .option(
      '--uid <uid>',
      'uid in Grafana: a dashboard with the same uid is replaced',
      dashboardUid,
      'sluice-rules',
    )
    .option('--datasource-uid <uid>', 'uid of the InfluxDB data source that is chosen at first', 'iot-influx')
    .option('--from-store', 'ask InfluxDB which fields there are, and of which type', false)
    .addHelpText(
      'after',
      help(
        [
          'sluice dashboard -c sluice.yaml > telemetry.json',
          'sluice dashboard -c sluice.yaml --out grafana/dashboards/telemetry.json --title "My sensors"',
          'sluice dashboard --from-store',
        ],
        'A rule can say the unit of a field: fields: { t: { path: payload.t, unit: celsius } }. docs/rules.md lists the words.',
      ),
    )
    .action(async (options: DashboardOptions) => {
      const { dashboard } = await import('../dashboard.js');
      finish(await dashboard(options));
    });
}
