import type { ConformanceCase } from './conformance-case.js';
import type { Level } from './level.js';

/** What Mosquitto 2.0.11 does otherwise than the cases expect, and why both are left as they are. */
export interface Difference {
  /** For the documentation. */
  readonly case: string;
  /** The titles of its cases, without clauses. */
  readonly titles: RegExp;
  /** Where it differs; at both levels unless given. */
  readonly level?: Level;
  /** What it does instead, as the case reports it. */
  readonly does: RegExp;
  readonly because: string;
}

/** Cases of MQTT 5 in which it ends the connection without a DISCONNECT. */
const SILENT_ENDS = new RegExp(
  `^(${[
    'PUBREL with(out its| another) bit',
    'U\\+0000 in (a content type|the name)',
    '(a CONNACK|a SUBACK|an UNSUBACK) from a client',
    'a PUBACK that is too short',
    'a PUBREL that is empty',
    'a (PUBACK|PUBREC|PUBREL|PUBCOMP) with packet id 0',
    'a (content type|response topic) that is not UTF-8',
    'a user property whose (name|value)',
    'a property of (CONNECT in DISCONNECT|PUBLISH in PUBACK)',
    '(an unknown reason code|a reason code of servers) in DISCONNECT',
    'a remaining length of five bytes',
    'a second CONNECT',
    'an AUTH without authentication',
    'reserved bits in (AUTH|DISCONNECT)',
    'two (content types|correlation data|expiry intervals|payload format indicators|reason strings)',
    'two (response topics|subscription identifiers|topic aliases)',
  ].join('|')}) `,
);

export const MOSQUITTO_DIFFERENCES: readonly Difference[] = [
  {
    case: 'a client id of 4,000 bytes',
    titles: /^a client id that is too long/,
    does: /got CONNACK present=0 code=0$/,
    because: 'It has no limit for client ids; Sluice has one, so that a client id fits in a record.',
  },
  {
    case: 'reserved bits in PUBACK, PUBREC, PUBCOMP or PINGREQ',
    titles: /reserved bits in (PUBACK|PUBREC|PUBCOMP|PINGREQ) /,
    does: /got (PINGRESP|PUBREL 1)$/,
    because: 'It does not look at these flags. The standard asks to end the connection.',
  },
  {
    case: 'a PUBLISH of QoS 0 with DUP',
    titles: /^a PUBLISH of QoS 0 with DUP/,
    does: /got PINGRESP$/,
    because: 'It takes the message. Sluice treats it as the violation it is, since no library sends it.',
  },
  {
    case: 'SUBACK or UNSUBACK from a client',
    titles: /^(a SUBACK|an UNSUBACK) from a client/,
    level: 4,
    does: /got PINGRESP$/,
    because: 'It shares its code with its bridge, which is a client, and ignores them.',
  },
  {
    case: 'PINGRESP from a client',
    titles: /^a PINGRESP from a client/,
    does: /got PINGRESP$/,
    because: 'It shares its code with its bridge, which is a client, and ignores it.',
  },
  {
    case: 'PUBACK, PUBREC, PUBREL, PUBCOMP or PINGREQ with bytes too many',
    titles: /a (PUBACK|PUBREC|PUBREL|PUBCOMP) that is too long|a PINGREQ with a body/,
    does: /got (PINGRESP|PUBREL 1|PUBCOMP 1)$/,
    because: 'It reads the packet id and ignores the rest. Such bytes are from MQTT 5, or from nobody.',
  },
  {
    case: 'a text frame of a WebSocket',
    titles: /^a text frame/,
    does: /got PINGRESP$/,
    because: 'It takes packets from text frames. The standard asks to end the connection.',
  },
  {
    case: 'an open packet id of QoS 2 again, without DUP',
    titles: /^(the same packet id before|three times the same)/,
    does: /got (CLOSED|DISCONNECT 0x82)$/,
    because:
      'It ends the connection when an open packet id comes without DUP. The standard asks for a PUBREC, whatever DUP says.',
  },
  {
    case: 'a PUBLISH that is not permitted',
    titles: /^a PUBLISH that is not permitted/,
    level: 4,
    does: /got PUBACK 2$/,
    because:
      'It acknowledges what is not permitted, and drops it. Sluice acknowledges only what it has stored.',
  },
  {
    case: 'a SUBSCRIBE that is not permitted',
    titles: /^a topic filter that is not permitted/,
    does: /got SUBACK 1 \[1 1 2\]$/,
    because: 'Its rules file does not apply to SUBSCRIBE, only to the messages.',
  },
  {
    case: 'overlapping subscriptions with different QoS',
    titles: /^overlapping subscriptions deliver with the highest/,
    does: /got PUBLISH q[01] /,
    because: 'It delivers once with the QoS of the subscription that it finds first.',
  },
  {
    case: 'a violation of MQTT 5 after CONNACK',
    titles: SILENT_ENDS,
    level: 5,
    does: /got CLOSED$/,
    because:
      'It ends the connection as it should, and does not send the DISCONNECT that the standard recommends.',
  },
  {
    case: 'a client id that is in use',
    titles:
      /^(a client with the same client id|a session survives being taken|a clean session that takes|what the first connection|a will is published when another|a delayed will is not published when another|DISCONNECT has no session expiry)/,
    level: 5,
    does: /expected DISCONNECT 0x8e, but got CLOSED$/,
    because: 'It ends the older connection without the DISCONNECT 0x8E of the standard.',
  },
  {
    case: 'a client that is silent for one and a half times its keep alive',
    titles: /^a client that sends nothing/,
    level: 5,
    does: /expected DISCONNECT 0x8d, but got CLOSED$/,
    because:
      'It ends the connection as it should, and does not send the DISCONNECT that the standard recommends.',
  },
  {
    case: 'a remaining length with a byte too many',
    titles: /^a remaining length with a byte too many/,
    does: /got PINGRESP$/,
    because: 'It takes any length of up to four bytes. The standard asks for the fewest.',
  },
  {
    case: 'an unknown reason code in PUBACK or PUBREL',
    titles: /^(an unknown reason code in PUBACK|a reason code of PUBACK in PUBREL)/,
    does: /got (PINGRESP|PUBCOMP 1)$/,
    because: 'It does not look at these reason codes.',
  },
  {
    case: 'a payload format indicator of 2, or a subscription identifier from a client',
    titles: /^(a payload format indicator of 2|a subscription identifier from a client)/,
    does: /got PUBACK 1$/,
    because: 'It takes the message. The standard calls both a protocol error.',
  },
  {
    case: 'a response topic with wildcards',
    titles: /^the response topic /,
    does: /got PUBACK 1$/,
    because: 'It does not look at response topics. The standard forbids wildcards there.',
  },
  {
    case: 'authentication data without a method',
    titles: /^authentication data without a method/,
    does: /got CONNACK present=0 code=0$/,
    because: 'It ignores them. The standard calls them a protocol error.',
  },
  {
    case: 'more messages than the receive maximum of the broker',
    titles: /^a client that exceeds the receive maximum/,
    does: /got PUBREC 21 0x97$/,
    because: 'It refuses the message and keeps the connection. The standard ends it.',
  },
  {
    case: 'more messages than the receive maximum of the client',
    titles: /^(a client has no more QoS 1 messages|a QoS 2 message is open until)/,
    does: /expected PINGRESP, but got PUBLISH q\d c\d+t = 4$/,
    because: 'After the first acknowledgement it has one message more open than it may.',
  },
  {
    case: 'a client that comes back with a smaller receive maximum',
    titles: /^a client that comes back with a smaller receive maximum/,
    does: /expected PINGRESP, but got PUBLISH q1 dup c\d+t = 3$/,
    because: 'It sends all again that was open. The receive maximum holds for that, too.',
  },
  {
    case: 'a packet that is one byte larger than the client takes',
    titles: /^a packet of just the maximum packet size/,
    does: /but got PUBLISH /,
    because: 'It does not count the first byte of a packet.',
  },
  {
    case: 'messages that are too large for a client, before others',
    titles: /^what is too large for a client/,
    does: /got nothing$/,
    because: 'They count as open, so that a client with a small receive maximum gets nothing any more.',
  },
  {
    case: 'a message that expires after it was sent',
    titles: /^a message that was sent does not expire/,
    does: /got nothing$/,
    because:
      'It does not send it again after a reconnect. The standard lets messages expire only before that.',
  },
  {
    case: 'a subscription made again without no local',
    titles: /^no local is of one subscription/,
    does: /got nothing$/,
    because: 'It keeps the option of the first SUBSCRIBE. The standard replaces the subscription.',
  },
  {
    case: 'overlapping subscriptions with identifiers',
    titles: /^a message has the identifiers of all subscriptions/,
    does: /got PUBLISH q0 /,
    because: 'It delivers once with QoS and identifier of the subscription that it finds first.',
  },
  {
    case: 'shared subscriptions without a group or a topic filter, with wildcards in the group, or with no local',
    titles: /^(the shared subscription \$share\/(|\/t|group|\+\/t) is|no local on a shared subscription)/,
    does: /got SUBACK 1 \[1\]$/,
    because: 'It grants them. The standard forbids them.',
  },
  {
    case: 'a delayed will whose session ends first',
    titles: /^a will is published when (its session ends|a clean start ends its session)/,
    does: /got nothing$/,
    because:
      'It keeps the will until its delay is over, or loses it. The standard publishes it with the end of the session.',
  },
  {
    case: 'a DISCONNECT of a client with 0x80 or more',
    titles: /^DISCONNECT 0x[89]\d of a client/,
    does: /got nothing$/,
    because: 'It publishes the will only after DISCONNECT 0x04. The standard discards it only after 0x00.',
  },
];

/** How Mosquitto differs in a case at a level; undefined where it does what the case expects. */
export function differenceOf({ title }: ConformanceCase, level: Level): Difference | undefined {
  return MOSQUITTO_DIFFERENCES.find(
    (difference) => (difference.level ?? level) === level && difference.titles.test(title),
  );
}
