import type { Connection } from './connection.js';
import type { Lane } from './lane.js';
import type { Tally } from './tally.js';

/** Most messages in one go, so that a fast run still reads acknowledgements and signals. */
const MOST_PER_TURN = 256;

/** Moves what is due from the lanes of one connection into it. */
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

  /** µs since the run began; undefined when nothing is left or the connection has no room (it calls when it has). */
  nextDueUs(): number | undefined {
    if (!this.connection.hasRoom) return undefined;
    let dueUs: number | undefined;
    for (const lane of this.#lanes) {
      const laneDueUs = lane.nextDueUs();
      if (laneDueUs !== undefined && (dueUs === undefined || laneDueUs < dueUs)) dueUs = laneDueUs;
    }
    return dueUs;
  }

  /** The lanes take turns, so that a fast one cannot starve another. */
  run(nowUs: number): void {
    let left = MOST_PER_TURN;
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
