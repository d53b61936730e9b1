import type { MessageProperties } from '../lib/message-properties.js';
import type { RefusedPublish } from '../lib/refused-publish.js';

/** The seam between the broker and the bridge. */

/** A PUBLISH that passed the broker's checks, or that is acknowledged although it did not: then `refused` says why. */
export interface AcceptedPacket {
  readonly clientId: string;
  /** The user that the client has signed in as; empty without access rules. */
  readonly user: string;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  /** A view of the socket's buffer: valid until `accept` returns. */
  readonly payload: Buffer;
  /** What the publisher says of it (MQTT 5); absent or undefined without. */
  readonly properties?: MessageProperties | undefined;
  /** Absent for an accepted packet. Topic and payload are then what `refusedPacket` has kept of them. */
  readonly refused?: RefusedPublish;
}

/** Takes accepted packets from the broker. The broker calls it on its own thread, one packet at a time. */
export interface Intake {
  /**
   * `taken`: `stored` is called once the packet is durable, in the order of the `accept` calls; it is never called
   * when storing failed. `shed`: the packet is not stored and never will be (only QoS 0, while the log has no room).
   */
  accept(packet: AcceptedPacket, stored: () => void): 'taken' | 'shed';
  /** Calls back in order with the `stored` calls, without storing anything. */
  afterAccepted(reached: () => void): void;
  /** False while more bytes wait to be stored than the limit allows: the broker then stops reading its sockets. */
  hasRoom(): boolean;
}
