import { type AccessQuestion, decideAccess } from '../access/decide-access.js';
import { loadAccessFile } from '../config/access/load-access-file.js';
import { ConfigError } from '../config/problem.js';
import type { BrokerConfig } from '../config/sluice-config.js';
import { SluiceError } from '../lib/errors.js';
import { printable } from '../lib/printable.js';
import type { CheckOptions } from './options.js';

/** Lines of the access file that a denial lists. */
const MAX_LINES = 20;
const LINE_CHARACTERS = 2_000;

type AskedOptions = Pick<CheckOptions, 'client' | 'publish' | 'subscribe'> & { readonly as: string };

/**
 * `sluice check --as`: prints whether a user may publish or subscribe, and the line of the access file that decides. Returns 0
 * when it is allowed, and 1 when it is denied.
 */
export function checkAccess(broker: BrokerConfig, options: AskedOptions): number {
  if (broker.accessFile === undefined) {
    throw new SluiceError(
      'USAGE_INVALID',
      '--as needs broker.access: without an access file everybody may publish, and clients on this machine may subscribe',
    );
  }
  const action = actionOf(options);
  const loaded = loadAccessFile(broker.accessFile);
  if (!loaded.ok) throw new ConfigError(loaded.problems);
  const { as: user, client: clientId = user } = options;
  const { isAllowed, reason, others } = decideAccess(loaded.rules, {
    user,
    clientId,
    action,
    maxPacketBytes: broker.maxPacketBytes,
  });
  const shown = others.slice(0, MAX_LINES).map((line) => `  ${line}`);
  if (others.length > MAX_LINES) shown.push(`  … and ${others.length - MAX_LINES} more`);
  const heading = shown.length === 0 ? [] : ['what the user has:'];
  const lines = [isAllowed ? 'allowed' : 'denied', reason, ...heading, ...shown];
  process.stdout.write(lines.map((line) => `${printable(line, LINE_CHARACTERS)}\n`).join(''));
  return isAllowed ? 0 : 1;
}

function actionOf({ publish, subscribe }: AskedOptions): AccessQuestion['action'] {
  if (publish !== undefined && subscribe === undefined) return { kind: 'publish', topic: publish };
  if (subscribe !== undefined && publish === undefined) return { kind: 'subscribe', filter: subscribe };
  throw new SluiceError('USAGE_INVALID', '--as needs either --publish TOPIC or --subscribe FILTER');
}
