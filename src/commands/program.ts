import { Command } from 'commander';
import { VERSION } from '../version.js';
import { addDeadLetters } from './usage/dead-letter-usage.js';
import { help } from './usage/help-text.js';
import { addDashboard, addExplain } from './usage/rule-usage.js';
import { addCheck, addDemo, addDoctor, addStart } from './usage/run-usage.js';
import { addStream } from './usage/stream-usage.js';

/**
 * The command line. Each command is loaded when it is run, so that help and mistakes are answered at once.
 * `finish` gets the exit code of the command that ran.
 */
export function buildProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('sluice')
    .description(
      'IoT telemetry gateway: MQTT in, every acknowledged packet on disk, points in InfluxDB or DuckDB.',
    )
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('(--help shows the usage)')
    .addHelpText(
      'after',
      help(
        [
          'sluice demo',
          'sluice start -c sluice.yaml',
          'sluice check -c sluice.yaml',
          'sluice dead-letters list',
        ],
        'Every command has its own --help.',
      ),
    );
  addStart(program, finish);
  addDemo(program, finish);
  addCheck(program, finish);
  addDoctor(program, finish);
  addExplain(program, finish);
  addDashboard(program, finish);
  addDeadLetters(program, finish);
  addStream(program, finish);
  return program;
}
