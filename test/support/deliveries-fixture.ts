import { onTestFinished } from 'vitest';
import { NO_SESSION_EXPIRY, type QoS } from '../../src/broker/protocol/packets.js';
import type { Outlet, PublishedMessage, SessionStart } from '../../src/broker/sessions/deliveries.js';
import {
  SessionDeliveries,
  type SessionDeliveriesDeps,
} from '../../src/broker/sessions/session-deliveries.js';
import type { SessionOptions } from '../../src/broker/sessions/session-options.js';
import type { WarningFields } from '../../src/lib/warnings.js';
import { FakeOutlet, type FakeOutletOptions } from './fake-outlet.js';
import { MemoryJournal } from './memory-journal.js';

export interface StartedDeliveries {
  readonly deliveries: SessionDeliveries;
  readonly journal: MemoryJournal;
  readonly warnings: WarningFields[];
  publish(topic: string, payload: string, more?: Partial<PublishedMessage>): void;
  /** A client that is connected. */
  connect(options?: FakeOutletOptions & { readonly isClean?: boolean }): FakeOutlet;
  subscribe(outlet: Outlet, filter: string, qos?: QoS): void;
}

/** Deliveries that begin with the entries of a journal. */
export function startDeliveries(
  options: Partial<SessionOptions> = {},
  deps: Partial<SessionDeliveriesDeps> = {},
  journal = new MemoryJournal(),
): StartedDeliveries {
  const warnings: WarningFields[] = [];
  const deliveries = new SessionDeliveries(options, { warn: (fields) => warnings.push(fields), ...deps });
  for (const entry of journal.durable) deliveries.restore(entry);
  deliveries.open(journal);
  onTestFinished(() => deliveries.close());
  let packetId = 0;
  return {
    deliveries,
    journal,
    warnings,
    publish: (topic, payload, more) =>
      deliveries.publish({
        topic,
        payload: Buffer.from(payload),
        qos: 1,
        isRetained: false,
        publisher: undefined,
        ...more,
      }),
    connect: ({ isClean = false, ...outletOptions } = {}) => {
      const outlet = new FakeOutlet(outletOptions);
      deliveries.attach(outlet, startOf(isClean));
      deliveries.begin(outlet);
      return outlet;
    },
    subscribe: (outlet, filter, qos = 1) => {
      packetId += 1;
      deliveries.subscribe(outlet, { packetId, subscriptions: [{ filter, qos }] });
    },
  };
}

/** Lets what was appended become durable. */
export async function nextTurns(count = 3): Promise<void> {
  for (let n = 0; n < count; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** What a client of MQTT 3.1.1 asks for its session. */
export function startOf(isCleanSession: boolean): SessionStart {
  return { isCleanStart: isCleanSession, expirySeconds: isCleanSession ? 0 : NO_SESSION_EXPIRY };
}
