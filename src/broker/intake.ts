/** The seam between the broker and the bridge. */

/** Why a PUBLISH is acknowledged and not taken as telemetry. */
export interface PacketRefusal {
  readonly reason: 'packet-too-large' | 'topic-invalid';
  /** What was found, and the limit. */
  readonly detail: string;
  /** Of the whole payload. */
  readonly sizeBytes: number;
}

/** A PUBLISH that passed the broker's checks. */
export interface AcceptedPacket {
  readonly clientId: string;
  /** The user that the client has signed in as; empty without access rules. */
  readonly user: string;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  /** A view of the socket's buffer: valid until `accept` returns. */
  readonly payload: Buffer;
  /** Present: the payload is only the beginning of what was sent, and the record is parked. */
  readonly refused?: PacketRefusal;
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
