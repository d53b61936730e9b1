import { SluiceError } from '../lib/errors.js';
import { formatSize } from '../lib/quantity.js';
import { checkOutput, placeAnswer } from './place-answer.js';
import type { ExportOptions } from './query-options.js';
import { showProgress } from './show-progress.js';
import { storeAnswer } from './store-answer.js';

const NUMBERS = new Intl.NumberFormat('en-US');
const KIB = 1024;

const TIMEOUT_MS = 3_600_000;

/** `sluice export`: the rows of a measurement, perhaps of a time, as a file. */
export async function exportMeasurement(options: ExportOptions): Promise<number> {
  const {
    config,
    measurement,
    from: fromMs,
    to: toMs,
    format,
    output,
    timeout: timeoutMs = TIMEOUT_MS,
  } = options;
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
    throw new SluiceError('USAGE_INVALID', '--to: expected a time later than --from');
  }
  await checkOutput(output);
  const of = { measurement, ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) };
  const limits = { maxRows: Number.MAX_SAFE_INTEGER, timeoutMs, maxBytes: Number.MAX_SAFE_INTEGER };
  const { onBytes, clear } = showProgress();
  const answer = await storeAnswer(config, { of, format, ...limits }, onBytes).finally(clear);
  try {
    await placeAnswer(answer, output);
  } finally {
    await answer.file.close().catch(() => undefined); // it is closed when it was read to its end
  }
  const size = formatSize(Math.ceil(answer.bytes / KIB) * KIB);
  process.stderr.write(`${NUMBERS.format(answer.rows)} rows are in ${output} (${size}).\n`);
  return 0;
}
