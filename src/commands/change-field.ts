import { stat } from 'node:fs/promises';
import { loadConfig, loadDataDirectory } from '../config/load-config.js';
import type { SluiceConfig } from '../config/sluice-config.js';
import { askForFieldChange } from '../control/ask-gateway.js';
import { dataDirectory } from '../data-directory/data-directory.js';
import { openDataDirectory } from '../data-directory/open-directory.js';
import { SystemClock } from '../lib/clock.js';
import { SluiceError } from '../lib/errors.js';
import { ifThere } from '../lib/if-there.js';
import { VERSION } from '../lib/package-root.js';
import { printable, quoted } from '../lib/printable.js';
import { createSink } from '../sink/create-sink.js';
import { keepFrom1970 } from '../sink/duckdb/row-retention.js';
import type { FieldChange, FieldChangeResult } from '../sink/field-change.js';
import { failAsOtherUser } from './fail-as-other-user.js';
import { findGateway } from './find-gateway.js';

const MAX_EXAMPLE_CHARACTERS = 40;

/** Changes a field of the store and reports it. Resolves with the exit code: 2 when values would be lost and nothing was done. */
export async function changeField(
  change: FieldChange,
  { config, json }: { readonly config?: string; readonly json: boolean },
): Promise<number> {
  const result = await runChange(config, change);
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${changeText(change, result)}\n`);
  return result.isDone ? 0 : 2;
}

/** If a gateway runs on the data directory, it changes its store between two writes; else this process does, under the lock. */
async function runChange(configFile: string | undefined, change: FieldChange): Promise<FieldChangeResult> {
  const { root } = dataDirectory(await loadDataDirectory(configFile));
  const holder = await findGateway(root);
  if (holder !== undefined) return askForFieldChange(holder, change);
  const config = await loadConfig(configFile, { secrets: 'optional' });
  // Rejects with what to do in the store itself.
  if (config.sink.kind === 'influx') return sinkOf(config).changeField(change);
  const { path } = config.sink.duckdb;
  if ((await ifThere(stat(path))) === undefined) {
    throw new SluiceError('USAGE_INVALID', `there is no DuckDB file ${path}`);
  }
  const directory = dataDirectory(config.dataDirectory);
  await failAsOtherUser(directory.root);
  const { lock } = await openDataDirectory(directory, VERSION);
  const sink = sinkOf(config);
  try {
    await sink.open();
    return await sink.changeField(change);
  } finally {
    await sink.close();
    await lock.release();
  }
}

function sinkOf({ sink }: SluiceConfig) {
  const warn = (_fields: Record<string, unknown>, sentence: string) => {
    process.stderr.write(`${sentence}\n`);
  };
  return createSink(sink, new SystemClock(), warn, keepFrom1970);
}

/** What was changed, or what a change would lose and how to confirm it. */
export function changeText(
  change: FieldChange,
  { isDone, storedType, values, lost, examples }: FieldChangeResult,
): string {
  const field = `${quoted(change.field)} of ${quoted(change.measurement)}`;
  const shown = examples.map((text) => JSON.stringify(printable(text, MAX_EXAMPLE_CHARACTERS))).join(', ');
  if (change.kind === 'drop') {
    if (isDone) return `The field ${field} (${storedType}) is dropped, with ${valuesText(values)}.`;
    return `This drops the field ${field} (${storedType}) with ${valuesText(values)}: ${shown}${values > examples.length ? ', …' : ''}.\nNothing has been done. Add --yes to drop it.`;
  }
  const { type } = change;
  if (!isDone) {
    return `${lost} of ${valuesText(values)} of ${field} cannot become ${type} without loss: ${shown}${lost > examples.length ? ', …' : ''}.\nNothing has been done. Add --force to remove these values and convert the others.`;
  }
  if (storedType === type) return `The field ${field} is ${type} already.`;
  const removed =
    lost === 0 ? '' : ` ${valuesText(lost)} that cannot become ${type} ${lost === 1 ? 'is' : 'are'} removed.`;
  return `The field ${field} is ${type} now, it was ${storedType}: ${valuesText(values - lost)} converted.${removed}`;
}

function valuesText(values: number): string {
  return values === 1 ? '1 value' : `${values} values`;
}
