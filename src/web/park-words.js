/** @typedef {{ words: string, advice: string }} ParkWords */

const FORMAT =
  'If devices are meant to send this, set format in the rule; else correct the device, and delete these when nobody needs them.';
const LIMIT = 'If the message is meant to be so, raise the limit; else correct the device.';
const STORE = 'The rule took it. Correct what the store says, then replay.';

/** The codes of parked records in plain English, with what to do about them. */
/** @type {Readonly<Record<string, ParkWords>>} */
const WORDS = {
  'packet-too-large': {
    words: 'Over the size that the broker takes',
    advice: 'Raise broker.maxPacketSize if messages are meant to be so large; else correct the device.',
  },
  'topic-not-accepted': {
    words: 'A topic that the broker does not take',
    advice:
      'If the topic begins with $, add a rule whose topic begins with the same level, then replay; else correct the device.',
  },
  'payload-empty': { words: 'An empty message', advice: FORMAT },
  'payload-too-large': { words: 'A message that is too large', advice: LIMIT },
  'payload-not-utf8': { words: 'Not text: the bytes are no UTF-8', advice: FORMAT },
  'payload-not-json': { words: 'Not JSON', advice: FORMAT },
  'payload-not-decodable': {
    words: 'Not in the format of its rule',
    advice: FORMAT,
  },
  'decoder-failed': {
    words: 'Your decoder has failed on it',
    advice: 'Correct the decoder that the rule names.',
  },
  'payload-too-deep': { words: 'Nested too deep', advice: LIMIT },
  'payload-too-many-keys': { words: 'Too many keys', advice: LIMIT },
  'payload-duplicate-key': { words: 'The same key twice', advice: FORMAT },
  'payload-forbidden-key': {
    words: 'A key that is not allowed',
    advice: 'Correct the device: the reason says why the key is not allowed.',
  },
  'payload-number-out-of-range': {
    words: 'A number that no store can hold',
    advice: FORMAT,
  },
  'payload-lone-surrogate': {
    words: 'Half a character in a text',
    advice: 'Correct the device: such a text cannot be stored.',
  },
  'payload-not-object': { words: 'JSON, but no object', advice: FORMAT },
  'sparkplug-no-birth': {
    words: 'Sparkplug data before its birth',
    advice: 'Let the node send its birth again, then replay.',
  },
  'rule-none': {
    words: 'No rule takes this topic',
    advice: 'Add a rule for the topic.',
  },
  'rule-where-failed': {
    words: 'A condition that could not be computed',
    advice: 'Correct where in the rule, so that it can be computed for this message too.',
  },
  'rule-check-failed': {
    words: 'A check of its rule says no',
    advice: 'If the message is good, correct check in the rule; else correct the device.',
  },
  'rule-value-failed': {
    words: 'A value that could not be computed',
    advice: 'Correct the expression in the rule.',
  },
  'too-many-elements': { words: 'Too many elements in one message', advice: LIMIT },
  'too-many-names': { words: 'Too many names chosen by messages', advice: LIMIT },
  'too-many-series': { words: 'Too many series', advice: LIMIT },
  'too-many-fields': { words: 'Too many fields', advice: LIMIT },
  'measurement-name-invalid': {
    words: 'No name for a measurement',
    advice: 'Correct measurement in the rule.',
  },
  'rule-over-budget': {
    words: 'A rule that takes too long',
    advice: 'Make the expression of the rule simpler.',
  },
  'no-fields': {
    words: 'None of the fields of its rule',
    advice:
      'If the message has values to store, name them under fields; to ignore such messages, set whenEmpty: filter.',
  },
  'field-name-invalid': {
    words: 'No name for a field',
    advice: 'Name the field in the rule.',
  },
  'field-collision': {
    words: 'Two values for one field',
    advice: 'Give one of the two fields another name.',
  },
  'field-wrong-type': {
    words: 'A value of another type than its rule says',
    advice: 'If the value is good, change type, or map the word to a value; else correct the device.',
  },
  'field-out-of-range': {
    words: 'A value outside the range of its rule',
    advice: 'If the value is real, widen range; else correct the device, and delete these.',
  },
  'field-required': {
    words: 'A required field is missing',
    advice: 'If a message may be without it, remove required; else correct the device.',
  },
  'tag-invalid': {
    words: 'A value that cannot be a tag',
    advice: 'Set otherwise for the tag, or correct the device.',
  },
  'tag-required': {
    words: 'A required tag is missing',
    advice: 'If a message may be without it, remove required; else correct the device.',
  },
  'time-unreadable': {
    words: 'A time that cannot be read',
    advice: 'Correct unit or zone of time, or set otherwise: receive.',
  },
  'time-outside-window': {
    words: 'A time too far from when it was received',
    advice:
      'If the time is right, widen window; if its unit is wrong, correct unit; or set otherwise: receive.',
  },
  'mapping-failed': {
    words: 'Sluice itself has failed on it',
    advice:
      'This is a bug: please report it with this message. It is kept, and can be replayed after an upgrade.',
  },
  'store-refused': { words: 'The store has refused it', advice: STORE },
  'store-too-large': { words: 'Too large for the store', advice: STORE },
  'not-expressible': { words: 'The store has no way to write it', advice: STORE },
  'field-type-conflict': {
    words: 'The store has this field with another type',
    advice:
      'Give the field the type that the store has, or another name. The command store retype changes it in the store.',
  },
  'stream-record-too-large': {
    words: 'Too large for the stream',
    advice: 'It can be replayed into the store where a consumer runs.',
  },
  'stream-refused': {
    words: 'The stream has refused it',
    advice: 'Correct what the stream says, then replay.',
  },
};

/**
 * A code in plain English. One that this page does not know is its own words.
 *
 * @param {string} code
 * @returns {ParkWords}
 */
export function parkWords(code) {
  if (Object.hasOwn(WORDS, code)) return WORDS[code];
  return { words: 'Set aside', advice: 'See the reason of the message.' };
}

/**
 * Whether not the rules but the store or the stream has refused such records: only it can say what a replay would do.
 *
 * @param {string} code
 */
export function isRefusal(code) {
  return /^(store|stream)-|^not-expressible$|^field-type-conflict$/.test(code);
}
