import { describe, expect, it } from 'vitest';
import { judgePublish } from '../../../src/broker/publish/judge-publish.js';
import { DollarTopics } from '../../../src/lib/dollar-topics.js';
import { MAX_MESSAGE_PROPERTIES_BYTES } from '../../../src/lib/message-properties.js';

const LIMIT = 1_000;
const topics = new DollarTopics(['sensors/#', '$aws/things/+thing/shadow/update', '+/x', '#']);
const isNamed = (level: string) => topics.isNamed(level);
const judged = (topic: string, lengthBytes = 20) =>
  judgePublish({ topic, lengthBytes, propertiesBytes: 0 }, LIMIT, isNamed);
const levels = (count: number) => Array.from({ length: count }, () => 'x').join('/');

describe('a PUBLISH', () => {
  it.each([
    'a',
    'a/b',
    '/',
    'a//b',
    ' ',
    'a/$b',
    'a/\ufffd',
    levels(100),
    'x'.repeat(1_024),
    'ü'.repeat(512),
  ])('on %.20s is accepted', (topic) => {
    expect(judged(topic)).toEqual({ kind: 'accepted' });
  });

  it.each([
    ['', 'empty topic'],
    ['a/+/b', 'wildcard in a topic name'],
    ['a/#', 'wildcard in a topic name'],
    ['a\0b', 'NUL in a topic name'],
    [`${'x'.repeat(2_000)}#`, 'wildcard in a topic name'],
    ['$aws/+', 'wildcard in a topic name'],
  ])(
    'on %.20j is malformed, also when it is too large [MQTT-4.7.3-1, MQTT-3.3.2-2, MQTT-1.5.3-2]',
    (topic, detail) => {
      expect(judged(topic)).toEqual({ kind: 'malformed', detail });
      expect(judged(topic, LIMIT + 1)).toEqual({ kind: 'malformed', detail });
    },
  );

  it.each([
    ['x'.repeat(1_025), 'topic of 1025 bytes, more than 1024'],
    ['ü'.repeat(513), 'topic of 1026 bytes, more than 1024'],
    [levels(101), 'topic with 101 levels, more than 100'],
    ['a\nb', 'control character in a topic name'],
    ['a\u007f', 'control character in a topic name'],
    ['a\ufdd0', 'control character in a topic name'],
  ])('on %.20j is refused, and not malformed', (topic, detail) => {
    expect(judged(topic)).toEqual({ kind: 'refused', reason: 'topic-not-accepted', detail });
  });

  it('is refused when it is longer than the limit', () => {
    expect(judged('a', LIMIT)).toEqual({ kind: 'accepted' });
    expect(judged('a', LIMIT + 1)).toEqual({
      kind: 'refused',
      reason: 'packet-too-large',
      detail: 'publish of 1001 bytes is over the limit of 1000',
    });
    expect(judged('$other/x', LIMIT + 1)).toMatchObject({ reason: 'packet-too-large' });
  });
});

describe('a topic that begins with $', () => {
  const NOT_NAMED = 'topic that begins with $, and the topic of no rule begins with its first level';

  it('is accepted when a rule names its first level, whatever follows', () => {
    expect(judged('$aws/things/a/shadow/update')).toEqual({ kind: 'accepted' });
    expect(judged('$aws')).toEqual({ kind: 'accepted' });
  });

  it.each(['$other/x', '$awsx', '$', '$AWS/x'])(
    '%s is refused: no wildcard names it [MQTT-4.7.2-1]',
    (topic) => {
      expect(judged(topic)).toEqual({ kind: 'refused', reason: 'topic-not-accepted', detail: NOT_NAMED });
    },
  );

  it.each([
    '$SYS',
    '$SYS/x',
    '$share/g/a',
    '$SYS/broker/connection//state/x',
    '$SYS/broker/connection/state',
  ])('%s is the broker’s own, whoever names it', (topic) => {
    expect(judgePublish({ topic, lengthBytes: 20, propertiesBytes: 0 }, LIMIT, () => true)).toEqual({
      kind: 'refused',
      reason: 'topic-not-accepted',
      detail: 'topic reserved for the broker',
    });
  });

  it('is the state of a bridge, which needs no name', () => {
    for (const topic of ['$SYS/broker/connection/hall.edge/state', '$SYS/broker/connection/a/b/state'])
      expect(judged(topic)).toEqual({ kind: 'bridge-state' });
  });

  it('is refused with more properties than are kept', () => {
    const verdict = (propertiesBytes: number) =>
      judgePublish({ topic: 'a', lengthBytes: 900, propertiesBytes }, 100_000, isNamed);
    expect(verdict(MAX_MESSAGE_PROPERTIES_BYTES)).toEqual({ kind: 'accepted' });
    expect(verdict(MAX_MESSAGE_PROPERTIES_BYTES + 1)).toEqual({
      kind: 'refused',
      reason: 'packet-too-large',
      detail: 'list of properties of 16385 bytes is over the limit of 16384',
    });
  });

  it('follows the rules that are in force', () => {
    const reloaded = new DollarTopics(['$aws/#']);
    const verdict = (topic: string) =>
      judgePublish({ topic, lengthBytes: 20, propertiesBytes: 0 }, LIMIT, (level) => reloaded.isNamed(level))
        .kind;
    expect(verdict('$aws/x')).toBe('accepted');
    reloaded.replace(['a/#', '$dev/+']);
    expect(verdict('$aws/x')).toBe('refused');
    expect(verdict('$dev/x')).toBe('accepted');
  });
});
