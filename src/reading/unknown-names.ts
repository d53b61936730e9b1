import { SluiceError } from '../lib/errors.js';
import { nearestName } from '../lib/nearest-name.js';
import type { StoreReader } from '../sink/store-reader.js';
import type { ReadableRows } from '../windows/readable-rows.js';
import { resolutionName } from './series-buckets.js';
import type { SeriesQuery } from './series-query.js';

const MAX_NAMED = 10;

/** Called where nothing was found: rejects with QUERY_NAMES_UNKNOWN if there is no such measurement or field. */
export async function checkNames(
  store: Pick<StoreReader, 'measurements'>,
  { measurement, field }: Pick<SeriesQuery, 'measurement' | 'field'>,
): Promise<void> {
  const stored = await store.measurements();
  const found = stored.find(({ name }) => name === measurement);
  if (found === undefined) {
    throw unknown(
      'measurement',
      measurement,
      stored.map(({ name }) => name),
    );
  }
  const names = found.fields.map(({ name }) => name);
  if (!names.includes(field)) throw unknown('field', field, names);
}

/** The error for a resolution that no aggregate has for this query. */
export function unknownResolution(
  { measurement, resolution }: Pick<SeriesQuery, 'measurement' | 'resolution'>,
  readable: readonly ReadableRows[],
): SluiceError {
  const names = ['auto', 'raw', ...new Set(readable.map((rows) => resolutionName(rows)))];
  return new SluiceError(
    'QUERY_NAMES_UNKNOWN',
    `resolution: "${measurement}" has no rows for "${resolution}" with this field and these tags; there are ${names.join(', ')}`,
  );
}

function unknown(what: string, name: string, known: readonly string[]): SluiceError {
  const nearest = nearestName(name, known);
  const listed = known.slice(0, MAX_NAMED).join(', ');
  const more = known.length > MAX_NAMED ? ` and ${known.length - MAX_NAMED} more` : '';
  const hint = known.length === 0 ? 'there is none' : `there are ${listed}${more}`;
  return new SluiceError(
    'QUERY_NAMES_UNKNOWN',
    `${what}: "${name}" is not in the store; ${nearest === undefined ? hint : `did you mean "${nearest}"?`}`,
  );
}
