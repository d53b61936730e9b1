/** The seam between the broker and the bridge. */

/** A PUBLISH that passed the broker's checks. */
export interface AcceptedPacket {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  /** A view of the socket's buffer: valid until `accept` returns. */
  readonly payload: Buffer;
}

/** Where the broker hands accepted packets over. */
export interface Intake {
  /**
   * `taken`: `stored` is called once the packet is durable, in the order of the `accept` calls; never when
   * storing failed. `shed`: not stored and never will be (only QoS 0, while the log has no room).
   */
  accept(packet: AcceptedPacket, stored: () => void): 'taken' | 'shed';
  /** Calls back in order with the `stored` calls, without storing anything. */
  afterAccepted(reached: () => void): void;
  /** False while more than the byte budget waits to be stored: the broker then stops reading its sockets. */
  hasRoom(): boolean;
}
