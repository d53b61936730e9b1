import { errorText } from '../../../lib/errors.js';
import { type InfluxSinkOptions, influxSettings } from '../influx-options.js';
import { InfluxTransport } from '../transport.js';
import { bucketParts } from './bucket-parts.js';
import { databaseParts } from './database-parts.js';
import { policyParts } from './policy-parts.js';
import type { PartResult, PrepareMode, RowsPlace, StorePart } from './store-part.js';

/**
 * Looks for what the gateway writes to: the place of the points, and those of the rows of windows; makes or changes it as
 * `mode` says. It ends at the first part that fails: the others would fail for the same reason. Throws SINK_UNUSABLE when
 * the options cannot work.
 */
export async function prepareInfluxStore(
  options: InfluxSinkOptions,
  places: readonly RowsPlace[],
  mode: PrepareMode,
): Promise<readonly PartResult[]> {
  const settings = { ...influxSettings(options), gzip: false };
  const transport = new InfluxTransport(settings);
  const partsOf = { 1: policyParts, 2: bucketParts, 3: databaseParts }[settings.version];
  const results: PartResult[] = [];
  try {
    for (const part of partsOf(settings, places, transport)) {
      const result = await prepare(part, mode);
      results.push(result);
      if (result.state === 'failed') break;
    }
  } finally {
    transport.close();
  }
  return results;
}

async function prepare(part: StorePart, mode: PrepareMode): Promise<PartResult> {
  const { name, statement } = part;
  let byHand = statement;
  try {
    const found = await part.look();
    if (found.state === 'there') return { name, state: 'there' };
    if (found.state === 'missing') {
      if (mode === 'look') return { name, state: 'missing', statement };
      await part.make();
      return { name, state: 'made' };
    }
    byHand = found.statement;
    const isChangeable = found.change !== undefined;
    if (mode !== 'change' || found.change === undefined) {
      return { name, state: 'differs', detail: found.difference, statement: byHand, isChangeable };
    }
    await found.change();
    return { name, state: 'changed', detail: found.difference };
  } catch (thrown) {
    return { name, state: 'failed', detail: errorText(thrown), statement: byHand };
  }
}
