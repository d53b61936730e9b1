import { suback, unsuback } from '../protocol/encode-packets.js';
import type { SubscribePacket, UnsubscribePacket } from '../protocol/packets.js';
import type { Deliveries, DeliveryCounters, Outlet } from './deliveries.js';

/** Delivers nothing. */
export class NoDeliveries implements Deliveries {
  readonly isNeeded = false;
  publish(): void {}
  attach() {
    return { isPresent: false };
  }
  begin(): void {}
  detach(): void {}
  subscribe(outlet: Outlet, { packetId, subscriptions }: SubscribePacket): void {
    outlet.write(
      suback(
        packetId,
        subscriptions.map(() => 0x80),
      ),
    );
  }
  unsubscribe(outlet: Outlet, { packetId }: UnsubscribePacket): void {
    outlet.write(unsuback(packetId));
  }
  judgeAgain(): readonly string[] {
    return [];
  }
  filtersOf(): readonly string[] {
    return [];
  }
  puback(): void {}
  pubrec(): void {}
  pubcomp(): void {}
  writable(): void {}
  counters(): DeliveryCounters {
    return {
      observers: 0,
      subscriptions: 0,
      sessions: 0,
      queuedMessages: 0,
      queuedBytes: 0,
      sent: 0,
      skipped: 0,
      dropped: 0,
    };
  }
}
