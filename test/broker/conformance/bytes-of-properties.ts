import { type Text, text, u16, u32, varint } from './bytes-of-fields.js';

/** The properties of MQTT 5 that a client sends (section 2.2.2.2), as bytes. Nothing is checked. */

const byte = (id: number) => (value: number) => Buffer.from([id, value]);
const twoBytes = (id: number) => (value: number) => Buffer.concat([Buffer.from([id]), u16(value)]);
const fourBytes = (id: number) => (value: number) => Buffer.concat([Buffer.from([id]), u32(value)]);
const string = (id: number) => (value: Text) => Buffer.concat([Buffer.from([id]), text(value)]);

export const payloadFormat = byte(0x01);
export const messageExpiry = fourBytes(0x02);
export const contentType = string(0x03);
export const responseTopic = string(0x08);
export const correlationData = string(0x09);
export const subscriptionIdentifier = (value: number) => Buffer.concat([Buffer.from([0x0b]), varint(value)]);
export const sessionExpiry = fourBytes(0x11);
export const assignedClientId = string(0x12);
export const authenticationMethod = string(0x15);
export const authenticationData = string(0x16);
export const requestProblemInformation = byte(0x17);
export const willDelay = fourBytes(0x18);
export const requestResponseInformation = byte(0x19);
export const reasonString = string(0x1f);
export const receiveMaximum = twoBytes(0x21);
export const topicAliasMaximum = twoBytes(0x22);
export const topicAlias = twoBytes(0x23);
export const userProperty = (name: Text, value: Text) =>
  Buffer.concat([Buffer.from([0x26]), text(name), text(value)]);
export const maximumPacketSize = fourBytes(0x27);

/** The properties of a packet with their length before them. */
export function properties(...all: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(all);
  return Buffer.concat([varint(bytes.length), bytes]);
}
