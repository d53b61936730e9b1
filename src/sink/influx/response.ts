/**
 * What the sink does with an answer to a write.
 * written: done. bisect: a line of it is bad, or some are. split: too big. configuration: nothing gets in until
 * a person mends something. retry: later, the same again.
 */
export type Action = 'written' | 'bisect' | 'split' | 'configuration' | 'retry';

/** InfluxDB Enterprise says 5xx although it has taken the write. The one text this sink reads. */
const TAKEN_BY_HINTED_HANDOFF = 'hinted handoff queue not empty';

/**
 * The status table, the same for every version: only the status decides, as the texts differ between versions.
 * 201 is a partial write on v3 clusters. 2xx and 3xx that no InfluxDB sends come from something in between.
 */
export function actionFor(status: number, body: string): Action {
  switch (status) {
    case 204:
      return 'written';
    case 201:
    case 400:
    case 422:
      return 'bisect';
    case 413:
      return 'split';
    case 401:
    case 403:
    case 404:
      return 'configuration';
    default:
      return status >= 500 && body.includes(TAKEN_BY_HINTED_HANDOFF) ? 'written' : 'retry';
  }
}

export interface LineProblem {
  /** Index into the lines of the request. */
  readonly line: number;
  readonly reason: string;
}

/**
 * The refused lines as InfluxDB 3 lists them in `data` of a 400 to a partial write; every other line of that
 * request is written. Undefined when the list is absent or does not fit the request: then bisecting finds out.
 */
export function refusedLines(json: unknown, lineCount: number): readonly LineProblem[] | undefined {
  const listed = (json as { data?: unknown } | null | undefined)?.data;
  if (!Array.isArray(listed) || listed.length === 0) return undefined;
  const byLine = new Map<number, LineProblem>();
  for (const entry of listed as readonly unknown[]) {
    const { line_number, error_message } = (entry ?? {}) as {
      line_number?: unknown;
      error_message?: unknown;
    };
    if (typeof line_number !== 'number' || !Number.isInteger(line_number)) return undefined;
    if (line_number < 1 || line_number > lineCount) return undefined;
    byLine.set(line_number, { line: line_number - 1, reason: String(error_message) });
  }
  return [...byLine.values()].sort((a, b) => a.line - b.line);
}

const MAX_REASON_CHARS = 500;

/** The store's own words, short enough to keep with every refused point. */
export function storeWords(status: number, body: string, json: unknown): string {
  const said = json as { error?: unknown; message?: unknown } | null | undefined;
  const words = [said?.error, said?.message].find((text) => typeof text === 'string' && text !== '');
  const text = (typeof words === 'string' ? words : body).trim();
  return (text === '' ? `status ${status} without a text` : text).slice(0, MAX_REASON_CHARS);
}
