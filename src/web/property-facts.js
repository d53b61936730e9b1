/** @import { ShownProperties } from './types.js' */

/** @type {Readonly<Record<Exclude<keyof ShownProperties, 'user' | 'moreUser'>, string>>} */
const WORDS = {
  contentType: 'content type',
  payloadFormatIndicator: 'payload format',
  messageExpiryInterval: 'expires after',
  responseTopic: 'response topic',
  correlationData: 'correlation data',
};

/**
 * What the publisher said of a message (MQTT 5), as names and values; empty without. They are the publisher's texts.
 *
 * @param {ShownProperties} [properties]
 * @returns {[string, string][]}
 */
export function propertyFacts({ user = [], moreUser = 0, ...others } = {}) {
  const { payloadFormatIndicator: format, messageExpiryInterval: expiry, ...texts } = others;
  return [
    .../** @type {(keyof typeof texts)[]} */ (Object.keys(texts)).map(
      (name) => /** @type {[string, string]} */ ([WORDS[name], texts[name] ?? '']),
    ),
    .../** @type {[string, string][]} */ (
      format === undefined ? [] : [[WORDS.payloadFormatIndicator, format === 1 ? 'text' : 'bytes']]
    ),
    .../** @type {[string, string][]} */ (
      expiry === undefined ? [] : [[WORDS.messageExpiryInterval, `${expiry} s`]]
    ),
    ...user.map(
      ([name, value]) => /** @type {[string, string]} */ ([`property ${JSON.stringify(name)}`, value]),
    ),
    .../** @type {[string, string][]} */ (moreUser > 0 ? [['more properties', String(moreUser)]] : []),
  ];
}
