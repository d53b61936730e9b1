import { isUtf8 } from 'node:buffer';
import { BoundedCache } from '../../../lib/bounded-cache.js';
import type { MessageProperties } from '../../../lib/message-properties.js';
import type { RefusedPublish } from '../../../lib/refused-publish.js';
import { Rfc3339Writer } from '../../../lib/rfc3339.js';
import type { StreamRecord } from '../../stream.js';
import { JsonScanner, NOT_JSON, skipBlanks } from './json-scanner.js';
import { propertyAttributes } from './property-attributes.js';
import { REFUSED_TYPE, refusedAttributes } from './refused-event.js';

/** The `type` of our own records. A change in what an attribute means needs a new one. */
export const PUBLISH_TYPE = 'io.sluice.mqtt.publish.v1';

/** Precedes the name of a gateway in `source`. */
export const SOURCE_PREFIX = 'urn:sluice:';

const MAX_CACHED_NAMES = 20_000;
/** The broker accepts no longer ones; longer ones from elsewhere are not cached. */
const MAX_CACHED_NAME_LENGTH = 1_024;
const BEFORE_ID = '{"specversion":"1.0","id":"';
/** The length of the id for receive times from 2001 to 2286. */
const ID_LENGTH = 19;
const TIME_LENGTH = 30;
const CLOSE_BRACE = 0x7d;
const QUOTE = 0x22;
const NO_BYTES = Buffer.alloc(0);

/**
 * CloudEventEncoder encodes a record as a CloudEvents 1.0 event in structured JSON mode. A record gives the same bytes each time:
 *
 * | attribute | value |
 * |---|---|
 * | id | receive time, ns since 1970, decimal: unique within one gateway |
 * | source | urn:sluice: and the name of the gateway, percent-encoded |
 * | type | io.sluice.mqtt.publish.v1 |
 * | subject | the topic; absent when empty, which MQTT does not allow |
 * | time | the receive time, nine fraction digits, UTC |
 * | clientid | the MQTT client id; absent when empty |
 * | mqttuser | the user that the publisher has signed in as; absent without one |
 * | qos | 0, 1 or 2 |
 * | mqttcontenttype … | what the publisher says of the message, see `propertyAttributes`; absent without |
 * | datacontenttype | beside data_base64 the content type of the publisher if it is a media type, else application/octet-stream; absent beside data, which then is JSON (CloudEvents JSON format, 3.1); that saves 37 bytes for each record |
 * | data | the payload's bytes as they came, when they are JSON in UTF-8 |
 * | data_base64 | the payload otherwise |
 *
 * A record that the broker has not accepted is an event of another type, see `refusedAttributes`.
 */
export class CloudEventEncoder {
  readonly #source: string;
  readonly #afterId: string;
  readonly #byTopic = new BoundedCache<Buffer>(MAX_CACHED_NAMES);
  readonly #byClientId = new BoundedCache<Buffer>(MAX_CACHED_NAMES);
  readonly #byUser = new BoundedCache<Buffer>(MAX_CACHED_NAMES);
  readonly #scanner = new JsonScanner();
  readonly #time = new Rfc3339Writer();

  /** `gateway` is its name, not empty. */
  constructor(gateway: string) {
    this.#source = SOURCE_PREFIX + encodeURIComponent(gateway);
    this.#afterId = `","source":"${this.#source}","type":"${PUBLISH_TYPE}"`;
  }

  /** Takes a receive time of 0 to 2^64 - 1 ns, which is all that the log can hold. */
  encode(record: StreamRecord): Buffer {
    const { payload, user, refused, properties } = record;
    if (refused !== undefined) return this.#encodeRefused(record, refused);
    const id = String(record.receivedAtNs);
    const before =
      id.length === ID_LENGTH ? this.#beforeTime(record.topic) : this.#upToTime(id, record.topic);
    const between = this.#afterTime(record.clientId);
    const userMember = user ? this.#userMember(user) : NO_BYTES;
    const isJson = this.#isJson(payload);
    const after =
      properties === undefined
        ? (isJson ? JSON_DATA : BINARY_DATA)[record.qos]
        : afterUser(properties, record.qos, isJson);
    const payloadBytes = isJson ? payload.length : base64Bytes(payload.length) + 1;
    const event = Buffer.allocUnsafe(
      before.length + TIME_LENGTH + between.length + userMember.length + after.length + payloadBytes + 1,
    );
    event.set(before);
    if (id.length === ID_LENGTH) event.write(id, BEFORE_ID.length, 'latin1');
    let at = before.length;
    event.write(this.#time.text(id), at, 'latin1');
    at += TIME_LENGTH;
    event.set(between, at);
    at += between.length;
    event.set(userMember, at);
    at += userMember.length;
    event.set(after, at);
    at += after.length;
    if (isJson) {
      event.set(payload, at);
    } else {
      event.write(payload.toString('base64'), at, 'latin1');
      event[event.length - 2] = QUOTE;
    }
    event[event.length - 1] = CLOSE_BRACE;
    return event;
  }

  /** They are rare: nothing of them is cached. */
  #encodeRefused(record: StreamRecord, refused: RefusedPublish): Buffer {
    const { receivedAtNs, topic, clientId, user, qos, properties } = record;
    const id = String(receivedAtNs);
    return Buffer.from(
      JSON.stringify({
        specversion: '1.0',
        id,
        source: this.#source,
        type: REFUSED_TYPE,
        subject: topic,
        time: this.#time.text(id),
        ...(clientId === '' ? {} : { clientid: clientId }),
        ...(user ? { mqttuser: user } : {}),
        qos,
        ...(properties && propertyAttributes(properties)),
        ...refusedAttributes(record, refused),
      }),
    );
  }

  /** Returns `#upToTime` with spaces instead of the id. */
  #beforeTime(topic: string): Buffer {
    const known = this.#byTopic.get(topic);
    if (known !== undefined) return known;
    const made = this.#upToTime(' '.repeat(ID_LENGTH), topic);
    if (topic.length <= MAX_CACHED_NAME_LENGTH) this.#byTopic.set(topic, made);
    return made;
  }

  #upToTime(id: string, topic: string): Buffer {
    const subject = topic === '' ? '' : `,"subject":${JSON.stringify(topic)}`;
    return Buffer.from(`${BEFORE_ID}${id}${this.#afterId}${subject},"time":"`);
  }

  #afterTime(clientId: string): Buffer {
    const known = this.#byClientId.get(clientId);
    if (known !== undefined) return known;
    const made = Buffer.from(clientId === '' ? '"' : `","clientid":${JSON.stringify(clientId)}`);
    if (clientId.length <= MAX_CACHED_NAME_LENGTH) this.#byClientId.set(clientId, made);
    return made;
  }

  #userMember(user: string): Buffer {
    const known = this.#byUser.get(user);
    if (known !== undefined) return known;
    const made = Buffer.from(`,"mqttuser":${JSON.stringify(user)}`);
    if (user.length <= MAX_CACHED_NAME_LENGTH) this.#byUser.set(user, made);
    return made;
  }

  #isJson(payload: Buffer): boolean {
    const scanner = this.#scanner;
    scanner.isAscii = true;
    const end = scanner.valueEnd(payload, skipBlanks(payload, 0));
    if (end === NOT_JSON || skipBlanks(payload, end) !== payload.length) return false;
    return scanner.isAscii || isUtf8(payload);
  }
}

const JSON_DATA = byQos('"data":');
const BINARY_DATA = byQos('"datacontenttype":"application/octet-stream","data_base64":"');

function byQos(members: string): Readonly<Record<0 | 1 | 2, Buffer>> {
  const of = (qos: 0 | 1 | 2) => Buffer.from(`,"qos":${qos},${members}`);
  return { 0: of(0), 1: of(1), 2: of(2) };
}

/** A media type (RFC 6838, section 4.2) without or with parameters; what else a publisher calls a content type is none for others. */
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?: *;[\x20-\x7e]*)?$/;

/** The members from the QoS on for a record with properties. */
function afterUser(properties: MessageProperties, qos: 0 | 1 | 2, isJson: boolean): Buffer {
  const { contentType = '' } = properties;
  const type = MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream';
  const members = JSON.stringify({
    qos,
    ...propertyAttributes(properties),
    ...(!isJson && { datacontenttype: type }),
  });
  return Buffer.from(`,${members.slice(1, -1)},${isJson ? '"data":' : '"data_base64":"'}`);
}

function base64Bytes(length: number): number {
  return Math.ceil(length / 3) * 4;
}

/**
 * Returns the function that encodes a record for Kinesis. `cloudevents` keeps all of it. `raw` is the payload alone: topic,
 * client id, user, QoS and receive time are lost, and a payload that is itself a CloudEvent or an aggregate will be read as
 * one. A record that the broker has not accepted is an event even then: its payload alone would be read as a message.
 * `gateway` names this gateway in `source`. The result of `raw` is the record's own buffer.
 */
export function recordEncoder(
  format: 'cloudevents' | 'raw',
  gateway: string,
): (record: StreamRecord) => Buffer | Uint8Array {
  const encoder = new CloudEventEncoder(gateway);
  if (format === 'raw')
    return (record) => (record.refused === undefined ? record.payload : encoder.encode(record));
  return (record) => encoder.encode(record);
}
