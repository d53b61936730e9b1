import { backOffMs } from '../../../back-off.js';
import { SluiceError } from '../../../errors.js';

/** Kinesis refuses a second subscription within 5 s of the first. */
const BUSY_MS = 5_000;
const THROTTLED_MIN_MS = 500;
const THROTTLED_MAX_MS = 2_000;
const SHORTEST_MS = 100;
const NETWORK = { baseMs: 500, capMs: 10_000 };
/** Somebody has to mend something. */
const UNUSABLE = { baseMs: 1_000, capMs: 30_000 };

/** How long to wait after failure number `failures` in a row, from 1. `random` gives [0, 1). */
export function failureWaitMs(error: SluiceError, failures: number, random: () => number): number {
  switch (error.code) {
    case 'KINESIS_THROTTLED':
      return THROTTLED_MIN_MS + random() * (THROTTLED_MAX_MS - THROTTLED_MIN_MS);
    case 'KINESIS_STREAM_BUSY':
      return BUSY_MS + backOffMs(failures, UNUSABLE, random);
    case 'KINESIS_UNREACHABLE':
    case 'KINESIS_ITERATOR_EXPIRED':
      return SHORTEST_MS + backOffMs(failures, NETWORK, random);
    default:
      return SHORTEST_MS + backOffMs(failures, UNUSABLE, random);
  }
}

/** Anything else than a failure of Kinesis is a bug, and must not be waited out. */
export function asFailure(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  throw thrown;
}
