import { MAX_MESSAGE_PROPERTIES_BYTES, type MessageProperties } from './message-properties.js';

const NUMBERS_BYTES = 2 + 5;
const TEXT_HEADER_BYTES = 3;
const PAIR_HEADER_BYTES = 5;
const MAX_BYTES_PER_UNIT = 3;

/** The most bytes that message properties can take, in the form of MQTT. Their texts are not encoded for it. */
export function maxPropertiesBytes(properties: MessageProperties): number {
  const { contentType, responseTopic, correlationData, userProperties } = properties;
  let bytes = NUMBERS_BYTES + textBytes(contentType) + textBytes(responseTopic);
  if (correlationData !== undefined) bytes += TEXT_HEADER_BYTES + correlationData.length;
  for (const [name, value] of userProperties ?? []) {
    bytes += PAIR_HEADER_BYTES + (name.length + value.length) * MAX_BYTES_PER_UNIT;
  }
  return Math.min(bytes, MAX_MESSAGE_PROPERTIES_BYTES);
}

function textBytes(text: string | undefined): number {
  return text === undefined ? 0 : TEXT_HEADER_BYTES + text.length * MAX_BYTES_PER_UNIT;
}
