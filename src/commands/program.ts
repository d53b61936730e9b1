import { Command } from 'commander';
import { VERSION } from '../lib/package-root.js';
import { addProfiles } from './profiles-usage.js';
import { addSuggest } from './suggest-usage.js';
import {
  addCheck,
  addDashboard,
  addDeadLetters,
  addDemo,
  addDoctor,
  addExplain,
  addReload,
  addStart,
  addStream,
  help,
} from './usage.js';
import { addCertificates } from './usage-certificates.js';
import { addQuery } from './usage-query.js';
import { addStore } from './usage-store.js';
import { addUsers } from './usage-users.js';
import { addWindows } from './usage-windows.js';

/**
 * Builds the command line. The code of a command is loaded when it runs, so help and usage errors need no loading.
 * `finish` receives the exit code of the command that ran.
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
        ['demo', 'start -c sluice.yaml', 'check -c sluice.yaml', 'dead-letters list'],
        'Every command has its own --help.',
      ),
    );
  addStart(program, finish);
  addDemo(program, finish);
  addCheck(program, finish);
  addDoctor(program, finish);
  addReload(program, finish);
  addExplain(program, finish);
  addSuggest(program, finish);
  addProfiles(program, finish);
  addDashboard(program, finish);
  addDeadLetters(program, finish);
  addStream(program, finish);
  addWindows(program, finish);
  addQuery(program, finish);
  addStore(program, finish);
  addUsers(program, finish);
  addCertificates(program, finish);
  return program;
}
