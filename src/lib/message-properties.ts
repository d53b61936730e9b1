import {
  type Properties,
  PropertyFault,
  type PropertyName,
  readProperties,
  type UserProperty,
  writeProperties,
} from './mqtt-properties.js';

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

const MESSAGE_PROPERTIES: ReadonlySet<PropertyName> = new Set<PropertyName>([
  'payloadFormat',
  'messageExpirySeconds',
  'contentType',
  'responseTopic',
  'correlationData',
  'userProperties',
]);

type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

/** Those among the properties of a PUBLISH or a will; undefined when there is none. */
export function messagePropertiesOf(properties: Properties): MessageProperties | undefined {
  const { payloadFormat, messageExpirySeconds, contentType, responseTopic, correlationData, userProperties } =
    properties;
  // One by one, not spread: this is done for each message.
  const found: Writable<MessageProperties> = {};
  let count = 0;
  if (payloadFormat !== undefined) {
    found.isText = payloadFormat === 1;
    count += 1;
  }
  if (messageExpirySeconds !== undefined) {
    found.expirySeconds = messageExpirySeconds;
    count += 1;
  }
  if (contentType !== undefined) {
    found.contentType = contentType;
    count += 1;
  }
  if (responseTopic !== undefined) {
    found.responseTopic = responseTopic;
    count += 1;
  }
  if (correlationData !== undefined) {
    found.correlationData = correlationData;
    count += 1;
  }
  if (userProperties !== undefined) {
    found.userProperties = userProperties;
    count += 1;
  }
  return count === 0 ? undefined : found;
}

/** In the form of MQTT 5, without their length in front. Throws a RangeError for a text of more than 65,535 bytes. */
export function encodeMessageProperties(message: MessageProperties): Buffer {
  const { isText, expirySeconds, contentType, responseTopic, correlationData, userProperties } = message;
  const properties: Writable<Properties> = {};
  if (isText !== undefined) properties.payloadFormat = isText ? 1 : 0;
  if (expirySeconds !== undefined) properties.messageExpirySeconds = expirySeconds;
  if (contentType !== undefined) properties.contentType = contentType;
  if (responseTopic !== undefined) properties.responseTopic = responseTopic;
  if (correlationData !== undefined) properties.correlationData = correlationData;
  if (userProperties !== undefined) properties.userProperties = userProperties;
  return writeProperties(properties);
}

/** Undefined when the bytes are none that `encodeMessageProperties` has written. Nothing in it is a view of them. */
export function decodeMessageProperties(bytes: Buffer): MessageProperties | undefined {
  const properties = readProperties(bytes, 0, bytes.length, MESSAGE_PROPERTIES);
  return properties instanceof PropertyFault ? undefined : (messagePropertiesOf(properties) ?? {});
}
