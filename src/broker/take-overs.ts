import { BoundedCache } from '../lib/bounded-cache.js';

/** So many in the time below are no longer a device that reconnects. */
const CONTESTED_AFTER = 5;
const WITHIN_MS = 60_000;

/** Client ids that are kept. One that is forgotten too early is reported later. */
const MAX_CLIENT_IDS = 2_000;

interface Since {
  readonly atMs: number;
  takeOvers: number;
}

/** TakeOvers finds the client ids for which two clients fight: each takes over from the other [MQTT-3.1.4-2], for ever. */
export class TakeOvers {
  readonly #byClientId = new BoundedCache<Since>(MAX_CLIENT_IDS);

  /** Counts one, and returns how many there were within a minute when that is a fight; else undefined. */
  contested(clientId: string, nowMs: number): number | undefined {
    const known = this.#byClientId.get(clientId);
    if (known === undefined || nowMs - known.atMs > WITHIN_MS) {
      this.#byClientId.set(clientId, { atMs: nowMs, takeOvers: 1 });
      return undefined;
    }
    known.takeOvers += 1;
    return known.takeOvers >= CONTESTED_AFTER ? known.takeOvers : undefined;
  }
}
