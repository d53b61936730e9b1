import { describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

const { propertyFacts } = await pageModule<{
  propertyFacts(properties?: object): [string, string][];
}>('property-facts.js');

describe('the facts of message properties', () => {
  it('are none without any', () => {
    expect(propertyFacts()).toEqual([]);
    expect(propertyFacts({})).toEqual([]);
  });

  it('have plain words, and a name that a publisher has chosen in quotes', () => {
    expect(
      propertyFacts({
        contentType: 'text/csv',
        payloadFormatIndicator: 0,
        messageExpiryInterval: 60,
        responseTopic: 'a/b',
        correlationData: 'AP8=',
        user: [['topic', 'x']],
        moreUser: 3,
      }),
    ).toEqual([
      ['content type', 'text/csv'],
      ['response topic', 'a/b'],
      ['correlation data', 'AP8='],
      ['payload format', 'bytes'],
      ['expires after', '60 s'],
      ['property "topic"', 'x'],
      ['more properties', '3'],
    ]);
  });
});
