import { REFUSED_PUBLISH_REASONS, type RefusedPublish } from '../../../lib/refused-publish.js';
import type { StreamRecord } from '../../stream.js';
import { MEMBER, type TopLevelMembers } from './top-level-members.js';

/** The `type` of a record that the broker has not accepted. */
export const REFUSED_TYPE = 'io.sluice.mqtt.publish.refused.v1';

const MAX_DETAIL_CHARACTERS = 300;
const INTEGER = /^\d{1,10}$/;

/**
 * The attributes of a refused record. The event has no data, and what is kept of the payload is in an attribute: a program
 * that does not know this type, or an older version, must not take the beginning of a message for a message.
 *
 * | attribute | value |
 * |---|---|
 * | mqttrefused | the code of the parked record |
 * | mqttdetail | what is wrong |
 * | mqtttopicbytes | the length of the topic as it was sent |
 * | mqttbytes | the length of the payload as it was sent |
 * | mqttbeginning | what is kept of the payload, Base64 |
 */
export function refusedAttributes({ payload }: StreamRecord, refused: RefusedPublish): object {
  return {
    mqttrefused: refused.reason,
    // An attribute must not be empty (CloudEvents 1.0, type system).
    ...(refused.detail !== '' && { mqttdetail: refused.detail.slice(0, MAX_DETAIL_CHARACTERS) }),
    mqtttopicbytes: refused.topicBytes,
    mqttbytes: refused.payloadBytes,
    ...(payload.length > 0 && { mqttbeginning: payload.toString('base64') }),
  };
}

/** Reads them from an event of the type. What another program has made of them is replaced by something harmless. */
export function readRefused(members: TopLevelMembers): { refused: RefusedPublish; payload: Buffer } {
  const payload = Buffer.from(members.text(MEMBER.mqttbeginning) ?? '', 'base64');
  const code = members.text(MEMBER.mqttrefused);
  return {
    refused: {
      reason: REFUSED_PUBLISH_REASONS.find((reason) => reason === code) ?? 'topic-not-accepted',
      detail: (members.text(MEMBER.mqttdetail) ?? '').slice(0, MAX_DETAIL_CHARACTERS),
      topicBytes: integer(members, MEMBER.mqtttopicbytes) ?? 0,
      payloadBytes: integer(members, MEMBER.mqttbytes) ?? payload.length,
    },
    payload,
  };
}

function integer(
  members: TopLevelMembers,
  member: (typeof MEMBER)['mqttbytes' | 'mqtttopicbytes'],
): number | undefined {
  if (!members.has(member)) return undefined;
  const text = members.json(member).toString('latin1');
  return INTEGER.test(text) ? Number(text) : undefined;
}
