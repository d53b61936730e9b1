import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  propertiesJson,
  propertiesOfJson,
  propertyLines,
  shownProperties,
} from '../../src/lib/properties-json.js';
import { anyProperties } from '../support/message-properties.js';

const SEED = 20_261_201;

describe('message properties as JSON', () => {
  it('have the names of MQTT 5, and no key that a device can choose', () => {
    expect(
      propertiesJson({
        isText: false,
        expirySeconds: 60,
        contentType: 'text/csv',
        responseTopic: 'a/b',
        correlationData: Buffer.from([0, 0xff]),
        userProperties: [['code', 'x']],
      }),
    ).toEqual({
      contentType: 'text/csv',
      payloadFormatIndicator: 0,
      messageExpiryInterval: 60,
      responseTopic: 'a/b',
      correlationData: 'AP8=',
      user: [['code', 'x']],
    });
  });

  it(`come back exactly (seed ${SEED})`, () => {
    fc.assert(
      fc.property(anyProperties, (properties) => {
        const json: unknown = JSON.parse(JSON.stringify(propertiesJson(properties)));
        expect(propertiesOfJson(json)).toEqual(properties);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('may have the user properties as a person writes them', () => {
    expect(propertiesOfJson({ user: { site: 'pune', tag: ['a', 'b'] } })).toEqual({
      userProperties: [
        ['site', 'pune'],
        ['tag', 'a'],
        ['tag', 'b'],
      ],
    });
  });

  it.each([
    [[], 'expected an object'],
    ['x', 'expected an object'],
    [{ contentType: 7 }, 'contentType: expected a text'],
    [{ payloadFormatIndicator: true }, 'payloadFormatIndicator: expected 0 or 1'],
    [{ messageExpiryInterval: -1 }, 'messageExpiryInterval: expected whole seconds, at most 4294967295'],
    [{ messageExpiryInterval: 2 ** 32 }, 'messageExpiryInterval: expected whole seconds, at most 4294967295'],
    [{ correlationData: 'a?' }, 'correlationData: expected Base64'],
    [{ user: 'x' }, 'user: expected an object of texts, or a list of pairs'],
    [{ user: [['a']] }, 'user: expected an object of texts, or a list of pairs'],
    [{ user: { a: 1 } }, 'user: expected an object of texts, or a list of pairs'],
  ])('%j is refused: %s', (json, problem) => {
    expect(propertiesOfJson(json)).toBe(problem);
  });
});

describe('what is shown of message properties', () => {
  it('is bounded, whatever a publisher sends', () => {
    const long = 'ü'.repeat(1_000);
    const shown = shownProperties({
      contentType: long,
      responseTopic: long,
      correlationData: Buffer.alloc(9_000),
      userProperties: Array.from({ length: 500 }, () => [long, long] as const),
    });
    expect(shown.user).toHaveLength(20);
    expect(shown.moreUser).toBe(480);
    const texts = [
      shown.contentType,
      shown.responseTopic,
      shown.correlationData,
      ...(shown.user ?? []).flat(),
    ];
    for (const text of texts) expect(text).toHaveLength(201);
  });

  it('is all of it where that is little', () => {
    const properties = { isText: true, userProperties: [['site', 'pune'] as const] };
    expect(shownProperties(properties)).toEqual(propertiesJson(properties));
    expect(propertyLines(shownProperties(properties))).toEqual([
      'payloadFormatIndicator = 1',
      'user.site = pune',
    ]);
  });
});
