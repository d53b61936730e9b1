/** A name and a value that the publisher has chosen. A name may come several times, and the order is the publisher's. */
export type UserProperty = readonly [name: string, value: string];

/**
 * What a publisher says of its message beside topic and payload (MQTT 5 section 3.3.2.3): the properties that are stored, shown
 * to the rules and sent on. Topic alias and subscription identifiers are not among them: they belong to one connection.
 */
export interface MessageProperties {
  /** The payload format indicator: true for 1, the payload is UTF-8; false for 0. */
  readonly isText?: boolean;
  /** For so many seconds after it was published subscribers may be sent the message. */
  readonly expirySeconds?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  readonly userProperties?: readonly UserProperty[];
}

/** The most bytes of these properties, in the form of MQTT, that one message may have. */
export const MAX_MESSAGE_PROPERTIES_BYTES = 16 * 1024;
