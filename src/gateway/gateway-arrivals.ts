import type { ArrivalsAnswer, ArrivalsScope, ArrivalsSource } from '../arrivals/arrival.js';
import { Arrivals } from '../arrivals/arrivals.js';
import type { Bridge } from '../bridge/bridge.js';
import type { Clock } from '../lib/clock.js';
import type { GatewayOptions } from './gateway-options.js';
import type { ConsumeWorker } from './gateway-workers.js';

/** How often the consumer is asked what became of the messages that are shown. */
const ASK_EVERY_MS = 200;

/** Connects those who watch what arrives with the bridge and the consumer, while there is somebody. */
export class GatewayArrivals {
  readonly source: ArrivalsSource;
  readonly #arrivals: Arrivals;
  readonly #consumer: Pick<ConsumeWorker, 'ask'> | undefined;
  #bridge: Pick<Bridge, 'observe'> | undefined;
  #isWatched = false;
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;
  #isDue = false;

  constructor(
    options: Pick<GatewayOptions, 'role' | 'consume'>,
    consumer: Pick<ConsumeWorker, 'ask'> | undefined,
    clock: Clock,
  ) {
    this.#consumer = consumer;
    this.#arrivals = new Arrivals({
      scope: arrivalsScope(options),
      clock,
      onWatched: (isWatched) => this.#watched(isWatched),
      // At once: the consumer may be quick.
      onFollow: () => void this.#ask(),
    });
    this.source = this.#arrivals;
  }

  /** The bridge starts last. */
  connect(bridge: Pick<Bridge, 'observe'>): void {
    this.#bridge = bridge;
    this.#watched(this.#isWatched);
  }

  /** Must be called when the gateway stops: it asks no more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #watched(isWatched: boolean): void {
    this.#isWatched = isWatched;
    this.#bridge?.observe(
      isWatched ? (record, stored) => this.#arrivals.accepted(record, stored) : undefined,
    );
    if (isWatched === (this.#timer !== undefined)) return;
    this.stop();
    if (isWatched) this.#timer = setInterval(() => void this.#ask(), ASK_EVERY_MS).unref();
    void this.#ask();
  }

  /** A question at a time: what it brings is shown before the next. */
  async #ask(): Promise<void> {
    this.#isDue = true;
    if (this.#consumer === undefined || this.#isAsking) return;
    this.#isAsking = true;
    while (this.#isDue) {
      this.#isDue = false;
      const question = this.#arrivals.takeQuestion();
      try {
        this.#arrivals.take((await this.#consumer.ask({ kind: 'arrivals', question })) as ArrivalsAnswer);
      } catch {
        // A consumer that has ended knows no more; the gateway stops then.
        this.stop();
      }
    }
    this.#isAsking = false;
  }
}

function arrivalsScope({ role, consume }: Pick<GatewayOptions, 'role' | 'consume'>): ArrivalsScope {
  switch (role) {
    case 'ingest':
      return {
        sees: 'receiving',
        note: 'This gateway receives and passes on to Kinesis. What becomes of a message is known to the gateway that stores it.',
      };
    case 'consume':
      return {
        sees: 'storing',
        note: 'This gateway stores what others receive. A message appears once it is read from Kinesis.',
      };
    case 'all': {
      if (consume.kinesis?.reader.leases === undefined) return { sees: 'whole-path' };
      return {
        sees: 'whole-path',
        note: 'Several gateways share this stream: a message that was received here and is stored by another one stays "waiting" here.',
      };
    }
  }
}
