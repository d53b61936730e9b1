/** What Mosquitto 2.0.11 does otherwise than the cases expect, and why both are left as they are. */
export interface Difference {
  /** For the documentation. */
  readonly case: string;
  /** The titles of its cases. */
  readonly titles: RegExp;
  /** What it does instead, as the case reports it. */
  readonly does: RegExp;
  readonly because: string;
}

export const MOSQUITTO_DIFFERENCES: readonly Difference[] = [
  {
    case: 'a client id of 4,000 bytes',
    titles: /\[MQTT-3\.1\.3-9\]/,
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
    titles: /\[MQTT-3\.3\.1-2\] a PUBLISH of QoS 0 with DUP/,
    does: /got PINGRESP$/,
    because: 'It takes the message. Sluice treats it as the violation it is, since no library sends it.',
  },
  {
    case: 'SUBACK, UNSUBACK or PINGRESP from a client',
    titles: /(a SUBACK|an UNSUBACK|a PINGRESP) from a client/,
    does: /got PINGRESP$/,
    because: 'It shares its code with its bridge, which is a client, and ignores them.',
  },
  {
    case: 'PUBACK, PUBREC, PUBREL, PUBCOMP or PINGREQ with bytes too many',
    titles: /a (PUBACK|PUBREC|PUBREL|PUBCOMP) that is too long|a PINGREQ with a body/,
    does: /got (PINGRESP|PUBREL 1|PUBCOMP 1)$/,
    because: 'It reads the packet id and ignores the rest. Such bytes are from MQTT 5, or from nobody.',
  },
  {
    case: 'a text frame of a WebSocket',
    titles: /\[MQTT-6\.0\.0-1\] a text frame/,
    does: /got PINGRESP$/,
    because: 'It takes packets from text frames. The standard asks to end the connection.',
  },
  {
    case: 'an open packet id of QoS 2 again, without DUP',
    titles: /\[MQTT-4\.3\.3-2\] (the same packet id before|three times the same)/,
    does: /got CLOSED$/,
    because:
      'It ends the connection when an open packet id comes without DUP. The standard asks for a PUBREC, whatever DUP says.',
  },
  {
    case: 'a PUBLISH that is not permitted',
    titles: /\[MQTT-3\.3\.5-2\]/,
    does: /got PUBACK 2$/,
    because:
      'It acknowledges what is not permitted, and drops it. Sluice acknowledges only what it has stored.',
  },
  {
    case: 'a SUBSCRIBE that is not permitted',
    titles: /\[MQTT-3\.8\.4-5\] \[MQTT-3\.9\.3-1\] a topic filter that is not permitted/,
    does: /got SUBACK 1 \[1 1 2\]$/,
    because: 'Its rules file does not apply to SUBSCRIBE, only to the messages.',
  },
  {
    case: 'overlapping subscriptions with different QoS',
    titles: /\[MQTT-3\.3\.5-1\]/,
    does: /got PUBLISH q[01] /,
    because: 'It delivers once with the QoS of the subscription that it finds first.',
  },
];
