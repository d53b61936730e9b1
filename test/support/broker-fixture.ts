import { onTestFinished } from 'vitest';
import { Bridge } from '../../src/bridge/bridge.js';
import { Broker, type BrokerDeps, type BrokerOptions } from '../../src/broker/broker.js';
import type { AcceptedPacket, Intake } from '../../src/broker/intake.js';
import { SystemClock } from '../../src/lib/clock.js';
import { TestLog } from './log-fixture.js';
import { receiveTimesOf } from './receive-times.js';
import { tempDirectory } from './temp-directory.js';

export const BROKER_OPTIONS: BrokerOptions = {
  listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port: 0 }],
  maxPacketBytes: 256 * 1024,
  maxConnections: 1000,
  connectTimeoutMs: 2000,
  maxKeepaliveMs: 20 * 60_000,
  maxInFlightPerClient: 200,
};

/** An intake whose answers the test gives. */
export class HeldIntake implements Intake {
  readonly accepted: { packet: AcceptedPacket; payload: string }[] = [];
  readonly waiting: (() => void)[] = [];
  maxWaiting = Number.POSITIVE_INFINITY;
  sheds = false;

  accept(packet: AcceptedPacket, stored: () => void): 'taken' | 'shed' {
    if (this.sheds && packet.qos === 0) return 'shed';
    this.accepted.push({ packet: { ...packet }, payload: packet.payload.toString() });
    this.waiting.push(stored);
    return 'taken';
  }

  afterAccepted(reached: () => void): void {
    if (this.waiting.length === 0) setImmediate(reached);
    else this.waiting.push(reached);
  }

  hasRoom(): boolean {
    return this.waiting.length < this.maxWaiting;
  }

  storeAll(): void {
    for (const stored of this.waiting.splice(0)) stored();
  }
}

/** A broker on a free port that ends with the test. */
export async function startBroker(
  intake: Intake,
  options: Partial<BrokerOptions> = {},
  deps: Partial<BrokerDeps> = {},
) {
  const warnings: string[] = [];
  const lines: { readonly level: 'warn' | 'debug'; readonly fields: object; readonly sentence: string }[] =
    [];
  const broker = await Broker.start(
    { ...BROKER_OPTIONS, ...options },
    {
      intake,
      warn: (fields, sentence) => {
        warnings.push(sentence);
        lines.push({ level: 'warn', fields, sentence });
      },
      debug: (fields, sentence) => lines.push({ level: 'debug', fields, sentence }),
      ...deps,
    },
  );
  onTestFinished(() => broker.close());
  const { port } = broker.listeners[0]!;
  return { broker, port, url: `mqtt://127.0.0.1:${port}`, warnings, lines };
}

/** Broker, bridge and log as the gateway wires them. */
export async function startIngest(
  options: Partial<BrokerOptions> = {},
  maxInFlightBytes = 64 << 20,
  deps: Partial<BrokerDeps> = {},
) {
  const log = await TestLog.open(tempDirectory());
  onTestFinished(() => log.writer.close());
  const clock = new SystemClock();
  const receiveTimes = receiveTimesOf({ clock });
  const bridge = new Bridge({ maxInFlightBytes }, { stream: log.writer, clock, receiveTimes });
  const started = await startBroker(bridge, options, deps);
  return { ...started, log, bridge };
}
