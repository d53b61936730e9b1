import { type MessageProperties, messagePropertiesOf } from '../../lib/message-properties.js';
import {
  type Properties,
  PropertyFault,
  type PropertyName,
  readProperties,
} from '../../lib/mqtt-properties.js';
import { PacketFault, REASON_CODES } from './packets.js';

const ALLOWED: ReadonlySet<PropertyName> = new Set<PropertyName>([
  'payloadFormat',
  'messageExpirySeconds',
  'topicAlias',
  'responseTopic',
  'correlationData',
  'userProperties',
  'subscriptionIdentifier',
  'contentType',
]);

export interface PublishProperties {
  readonly topicAlias: number | undefined;
  readonly message: MessageProperties | undefined;
}

/** The properties of a PUBLISH that a client has sent, in `bytes` from `start` to `end`, without their length. */
export function decodePublishProperties(
  bytes: Buffer,
  start: number,
  end: number,
): PublishProperties | PacketFault {
  const properties = readProperties(bytes, start, end, ALLOWED);
  if (properties instanceof PropertyFault) {
    const { detail, isProtocolError } = properties;
    return new PacketFault(
      detail,
      0,
      isProtocolError ? REASON_CODES.protocolError : REASON_CODES.malformedPacket,
    );
  }
  if (properties.subscriptionIdentifier !== undefined) {
    return protocolError('a subscription identifier, which only brokers send [MQTT-3.3.4-6]');
  }
  const detail = messagePropertiesDetail(properties);
  if (detail !== undefined) return protocolError(detail);
  return { topicAlias: properties.topicAlias, message: messagePropertiesOf(properties) };
}

/** What is wrong with the values of the properties of a PUBLISH or a will; each is a protocol error. */
export function messagePropertiesDetail({ payloadFormat, responseTopic }: Properties): string | undefined {
  if (payloadFormat !== undefined && payloadFormat > 1) return `payload format indicator ${payloadFormat}`;
  if (responseTopic === undefined) return undefined;
  if (responseTopic === '') return 'an empty response topic';
  const hasWildcard = responseTopic.includes('+') || responseTopic.includes('#');
  return hasWildcard ? 'a wildcard in the response topic [MQTT-3.3.2-14]' : undefined;
}

function protocolError(detail: string): PacketFault {
  return new PacketFault(detail, 0, REASON_CODES.protocolError);
}
