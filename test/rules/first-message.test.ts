import { expect, it } from 'vitest';
import { firstMessage } from '../../src/rules/first-message.js';
import { DEFAULT_RULES, type RuleOptions } from '../../src/rules/rule-options.js';

const rule = (more: Partial<RuleOptions>): RuleOptions => ({
  name: 'home',
  topic: 'home/+room/+/#rest',
  measurement: 'climate',
  tags: {},
  fields: 'auto',
  ...more,
});

it('names the levels of the topic as the filter does', () => {
  expect(firstMessage(rule({}))?.topic).toBe('home/room-1/x/rest-1');
  expect(firstMessage(DEFAULT_RULES[0]!)).toEqual({
    topic: 'sensors/kitchen/telemetry',
    payload: '{ "temperature": 21.5, "humidity": 48 }',
  });
});

it('has the keys that tags and fields read, with values that the fields take', () => {
  const message = firstMessage(
    rule({
      tags: {
        device: { path: 'payload.id' },
        room: { path: 'topic.room' },
        site: { path: 'payload.site', default: 'x' },
      },
      fields: {
        t: { path: ['payload.values.t', 'payload.t'], type: 'float', range: [-30, 60] },
        cold: { path: 'payload.values.cold', type: 'float', range: [2, 8] },
        mode: { path: 'payload.mode', oneOf: ['eco', 'full'] },
        open: { path: 'payload.open', type: 'boolean' },
        fifth: { path: 'payload.fifth', type: 'float' },
      },
    }),
  );
  expect(JSON.parse(message?.payload ?? '')).toEqual({
    id: 'device-1',
    values: { t: 21.5, cold: 5 },
    mode: 'eco',
    open: true,
  });
});

it('knows none where the rule does not say what a message looks like', () => {
  expect(firstMessage(rule({ format: { type: 'csv' } as RuleOptions['format'] & object }))).toBeUndefined();
  expect(firstMessage(rule({ fields: { t: { path: 'payload[0]' } } }))).toBeUndefined();
  expect(firstMessage(rule({ fields: { t: { cel: 'payload.a + 1' } } }))).toBeUndefined();
});

it('takes __proto__ for a key like any other', () => {
  const message = firstMessage(rule({ fields: { t: { path: 'payload.__proto__.a' } } }));
  expect(message?.payload).toBe('{ "__proto__": { "a": 21.5 } }');
});
