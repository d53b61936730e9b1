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

/** Those among the properties of a PUBLISH or a will; undefined when there is none. */
export function messagePropertiesOf(properties: Properties): MessageProperties | undefined {
  const { payloadFormat, messageExpirySeconds, contentType, responseTopic, correlationData, userProperties } =
    properties;
  const found: MessageProperties = {
    ...(payloadFormat === undefined ? {} : { isText: payloadFormat === 1 }),
    ...(messageExpirySeconds === undefined ? {} : { expirySeconds: messageExpirySeconds }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
    ...(userProperties === undefined ? {} : { userProperties }),
  };
  return Object.keys(found).length === 0 ? undefined : found;
}

/** In the form of MQTT 5, without their length in front. Throws a RangeError for a text of more than 65,535 bytes. */
export function encodeMessageProperties(message: MessageProperties): Buffer {
  const { isText, expirySeconds, contentType, responseTopic, correlationData, userProperties } = message;
  return writeProperties({
    ...(isText === undefined ? {} : { payloadFormat: isText ? 1 : 0 }),
    ...(expirySeconds === undefined ? {} : { messageExpirySeconds: expirySeconds }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
    ...(userProperties === undefined ? {} : { userProperties }),
  });
}

/** Undefined when the bytes are none that `encodeMessageProperties` has written. Nothing in it is a view of them. */
export function decodeMessageProperties(bytes: Buffer): MessageProperties | undefined {
  const properties = readProperties(bytes, 0, bytes.length, MESSAGE_PROPERTIES);
  return properties instanceof PropertyFault ? undefined : (messagePropertiesOf(properties) ?? {});
}
