import { type InfluxSettings, QUERY_PATH, queryTarget, writePath } from './influx-options.js';
import { actionFor } from './response.js';
import { FORM, type StoreRequest } from './transport.js';

/**
 * Returns a write without a line for versions 1 and 2, which check credentials and database before the body. Version 3
 * creates a missing database at a write, so for it the request only reads.
 */
export function probeRequest(settings: InfluxSettings): StoreRequest {
  if (settings.version !== 3) {
    return { path: writePath(settings), body: '', contentType: 'text/plain; charset=utf-8' };
  }
  const body = new URLSearchParams({ ...queryTarget(settings), q: 'SHOW MEASUREMENTS LIMIT 1' }).toString();
  return {
    path: QUERY_PATH,
    body,
    contentType: FORM,
    accept: 'application/json',
  };
}

/**
 * Returns what the answer to `probeRequest` means for the next write; undefined when it would be taken. A 400 is the
 * answer of version 2 to a write without a line, after it has accepted token and bucket.
 */
export function probeProblem(
  { version }: Pick<InfluxSettings, 'version'>,
  { status, body }: { readonly status: number; readonly body: string },
): 'retrying' | 'misconfigured' | undefined {
  if (status >= 200 && status < 300) return undefined;
  // The first write creates the database.
  if (version === 3 && status === 404) return undefined;
  switch (actionFor(status, body)) {
    case 'configuration':
      return 'misconfigured';
    case 'retry':
      return 'retrying';
    default:
      return undefined;
  }
}
