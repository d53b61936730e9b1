import { makeReserve } from '../lib/disk-room.js';
import { errorText } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';

const CHECK_INTERVAL_MS = 5_000;

/** Keeps the reserve of the data directory: made at the start, and again after somebody needed its room. */
export class DiskReserve {
  readonly #timer: NodeJS.Timeout;

  private constructor(timer: NodeJS.Timeout) {
    this.#timer = timer;
  }

  /** Starts without a reserve when there is no room for one. */
  static async open(directory: string, logger: Pick<Logger, 'debug'>): Promise<DiskReserve> {
    const make = () =>
      makeReserve(directory).catch((thrown: unknown) => {
        // The log, which writes to the same disk, reports what is wrong with it.
        logger.debug({ reason: errorText(thrown) }, 'the reserve on the disk could not be made');
      });
    await make();
    let isMaking = false;
    const makeAgain = async () => {
      // It waits while no file can be opened.
      if (isMaking) return;
      isMaking = true;
      await make();
      isMaking = false;
    };
    return new DiskReserve(setInterval(() => void makeAgain(), CHECK_INTERVAL_MS).unref());
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
