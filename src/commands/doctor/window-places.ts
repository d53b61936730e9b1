import type { InfluxSinkOptions } from '../../sink/influx/influx-options.js';
import { prepareInfluxStore } from '../../sink/influx/prepare/prepare-influx-store.js';
import type { PartResult } from '../../sink/influx/prepare/store-part.js';
import type { WindowsOptions } from '../../windows/aggregate.js';
import { rowsPlaces } from '../rows-places.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';

export const WINDOWS = 'windows';

/** Some calls follow each other within the time of the check. */
const CALL_WITHIN_MS = 1_500;

/** Checks that each database, bucket and retention policy that windows write to is there and keeps rows as long as asked for. */
export async function checkWindowPlaces(
  options: InfluxSinkOptions,
  windows: WindowsOptions,
  callWithinMs = CALL_WITHIN_MS,
): Promise<CheckResult> {
  const parts = await prepareInfluxStore(
    { ...options, timeoutMs: callWithinMs },
    rowsPlaces(windows),
    'look',
  );
  const wrong = (state: PartResult['state']) => parts.filter((part) => part.state === state);
  const missing = wrong('missing');
  if (missing.length > 0) {
    return fail(
      WINDOWS,
      `missing in the store: ${missing.map(({ name }) => name).join(', ')}`,
      'run `sluice store prepare`; until then these rows are not written',
    );
  }
  const [failed] = wrong('failed');
  if (failed !== undefined) {
    return warn(
      WINDOWS,
      `${failed.name} cannot be looked up: ${failed.detail}`,
      'run `sluice store prepare` with the rights of an administrator: it reports what is missing',
    );
  }
  const [differs] = wrong('differs');
  if (differs !== undefined) {
    return warn(
      WINDOWS,
      `${differs.name} differs: ${differs.detail}`,
      `${differs.isChangeable ? 'run `sluice store prepare --change`, or by hand' : 'by hand'}: ${differs.statement}`,
    );
  }
  return ok(WINDOWS, `there: ${parts.map(({ name }) => name).join(', ')}`);
}
