import type { Connection } from './connection.js';
import type { Lane } from './lane.js';
import type { Tally } from './tally.js';

/** Maximum of messages in one call, so that a fast run still reads acknowledgements and signals. */
const MOST_PER_RUN = 256;

/** Publishes the messages that are due from the lanes of one connection. */
export class Pump {
  readonly connection: Connection;
  readonly #lanes: readonly Lane[];
  readonly #tally: Tally;

  constructor(connection: Connection, lanes: readonly Lane[], tally: Tally) {
    this.connection = connection;
    this.#lanes = lanes;
    this.#tally = tally;
  }

  get exhausted(): boolean {
    return this.#lanes.every((lane) => lane.exhausted);
  }

  stop(): void {
    for (const lane of this.#lanes) lane.stop();
  }

  discard(): void {
    for (const lane of this.#lanes) lane.discard();
  }

  /**
   * Returns when the next message is due, in µs since the run began; undefined when nothing is left or there is no
   * room.
   */
  nextDueUs(): number | undefined {
    if (!this.connection.hasRoom) return undefined;
    let dueUs: number | undefined;
    for (const lane of this.#lanes) {
      const laneDueUs = lane.nextDueUs();
      if (laneDueUs !== undefined && (dueUs === undefined || laneDueUs < dueUs)) dueUs = laneDueUs;
    }
    return dueUs;
  }

  /** Takes one message per lane in rotation, so that a fast lane cannot starve another. */
  run(nowUs: number): void {
    let left = MOST_PER_RUN;
    for (let progress = true; progress; ) {
      progress = false;
      for (const lane of this.#lanes) {
        if (left === 0 || !this.connection.hasRoom) return;
        const publication = lane.take(nowUs);
        if (!publication) continue;
        this.connection.publish(publication);
        if (publication.fault) this.#tally.faults[publication.fault]++;
        if (!publication.copy) this.#tally.readings++;
        progress = true;
        left--;
      }
    }
  }
}
