import { drawProblem } from '../config/problem.js';
import type { AccessReload, ReloadDone } from '../config/reload-result.js';
import { askForReload } from '../control/ask-gateway.js';
import { printable } from '../lib/printable.js';
import { gatewayOf } from './find-gateway.js';
import type { ReloadOptions } from './options.js';

/**
 * `sluice reload`: lets the gateway on the data directory of the configuration read its file again. Resolves with the exit
 * code; 2 for a configuration that the gateway does not accept.
 */
export async function reload({ config, json }: ReloadOptions): Promise<number> {
  // The gateway decides whether the file is valid: this process may lack the variables that it was started with.
  const { gateway } = await gatewayOf(config);
  const result = await askForReload(gateway);
  const { access } = result;
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    if (access !== undefined && access.outcome !== 'invalid') process.stdout.write(`${accessText(access)}\n`);
    if (result.outcome !== 'invalid') process.stdout.write(`${reloadText(result)}\n`);
    else process.stderr.write(`${invalidText(result.problems.map(drawProblem))}\n`);
    if (access?.outcome === 'invalid') process.stderr.write(`${accessInvalidText(access)}\n`);
  }
  return result.outcome === 'invalid' || access?.outcome === 'invalid' ? 2 : 0;
}

function accessInvalidText({ problems }: Extract<AccessReload, { outcome: 'invalid' }>): string {
  return [...problems.map(drawProblem), 'the access rules were not changed: the old ones stay in force'].join(
    '\n',
  );
}

/** What the reload of the access file has changed: names, and no secrets. */
function accessText(access: Exclude<AccessReload, { outcome: 'invalid' }>): string {
  if (access.outcome === 'unchanged')
    return `${'access'.padEnd(14)} ${access.file}: in force, and not changed since it was read last`;
  const { users, roles, sections } = access.changes;
  return [
    `${'access'.padEnd(14)} ${access.file}: reloaded`,
    ...listed([
      ['users added', users.added],
      ['users removed', users.removed],
      ['users changed', users.changed],
      ['roles added', roles.added],
      ['roles removed', roles.removed],
      ['roles changed', roles.changed],
      ['sections', sections],
    ]),
  ].join('\n');
}

function invalidText(problems: readonly string[]): string {
  return [...problems, 'nothing was changed: the gateway goes on with the old configuration'].join('\n');
}

const HEADS: Readonly<Record<ReloadDone['outcome'], string>> = {
  applied: 'reloaded',
  unchanged: 'nothing to reload: the configuration has not changed',
  'restart-needed': 'nothing was reloaded: what has changed needs a restart',
  'no-consumer': 'nothing was reloaded: no consumer runs in this gateway, reload the consumers',
};

/** What a reload has changed, one kind of change a line. */
export function reloadText({ outcome, file, changes: { rules, settings, needRestart } }: ReloadDone): string {
  const lines = listed([
    ['rules added', rules.added],
    ['rules removed', rules.removed],
    ['rules changed', rules.changed],
    ['order of rules', rules.reordered ? ['changed'] : []],
    ['settings', settings],
    ['needs restart', needRestart],
  ]);
  return [HEADS[outcome], `${'configuration'.padEnd(14)} ${file}`, ...lines].join('\n');
}

const NAME_CHARACTERS = 120;

/** A line for each kind of change that there is. */
function listed(lists: readonly (readonly [string, readonly string[]])[]): string[] {
  return lists
    .filter(([, names]) => names.length > 0)
    .map(
      ([kind, names]) =>
        `${kind.padEnd(14)} ${names.map((name) => printable(name, NAME_CHARACTERS)).join(', ')}`,
    );
}
