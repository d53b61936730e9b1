import { loadConfig } from '../config/load-config.js';
import { printable } from '../lib/printable.js';
import { prepareInfluxStore } from '../sink/influx/prepare/prepare-influx-store.js';
import type { PartResult, PrepareMode } from '../sink/influx/prepare/store-part.js';
import type { StorePrepareOptions } from './options.js';
import { rowsPlaces } from './rows-places.js';

const MAX_TEXT_CHARACTERS = 600;

/**
 * `sluice store prepare`: makes what the gateway writes to. Resolves with the exit code: 1 when the store refused
 * something, 2 when something is left as it is although it should be different.
 */
export async function prepareStore({
  config: file,
  dryRun,
  change,
  json,
}: StorePrepareOptions): Promise<number> {
  const config = await loadConfig(file);
  if (config.sink.kind === 'duckdb') {
    process.stdout.write(
      json
        ? '{"parts":[]}\n'
        : 'Nothing is needed: DuckDB makes its file and its tables when it is opened.\n',
    );
    return 0;
  }
  const mode: PrepareMode = dryRun ? 'look' : change ? 'change' : 'make';
  const parts = await prepareInfluxStore(config.sink.influx, rowsPlaces(config.windows), mode);
  process.stdout.write(json ? `${JSON.stringify({ parts })}\n` : parts.map(partText).join(''));
  if (parts.some(({ state }) => state === 'failed')) return 1;
  return parts.some(({ state }) => state === 'differs') ? 2 : 0;
}

/** One part as a sentence, with what to do by hand. */
export function partText({ name, state, detail = '', statement = '', isChangeable }: PartResult): string {
  const text = {
    there: 'is there',
    made: 'made',
    changed: `changed: ${detail}`,
    missing: `is missing. It would be made: ${statement}`,
    differs: `differs: ${detail}. Nothing was changed. ${isChangeable ? 'Add --change, or' : 'By hand'}: ${statement}`,
    failed: `FAILED: ${detail}. By hand: ${statement}`,
  }[state];
  return `${printable(`${name}: ${text}`, MAX_TEXT_CHARACTERS)}\n`;
}
