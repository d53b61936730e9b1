/** [MQTT-1.5.3: two length bytes] */
const MAX_STRING_BYTES = 65_535;
const MAX_BYTES_PER_UNIT = 3;
const LONE_SURROGATE = /\p{Cs}/u;
/** [MQTT-3.3.2-2, MQTT-4.7.3-2] */
const UNFIT_FOR_TOPIC = /[+#\0\p{Cs}]/u;

/** At most 65,535 bytes of well-formed UTF-8; may be empty. */
export function isMqttString(text: string): boolean {
  return isShort(text) && !LONE_SURROGATE.test(text);
}

/** An MQTT string, not empty, without wildcards and NUL. */
export function isTopicName(text: string): boolean {
  return text !== '' && isShort(text) && !UNFIT_FOR_TOPIC.test(text);
}

function isShort(text: string): boolean {
  return text.length * MAX_BYTES_PER_UNIT <= MAX_STRING_BYTES || Buffer.byteLength(text) <= MAX_STRING_BYTES;
}
