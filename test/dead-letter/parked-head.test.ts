import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parkedHead, parkedOverview } from '../../src/dead-letter/parked-head.js';
import {
  parkedLine,
  parkedRecord,
  parseParkedLine,
  withoutPayload,
} from '../../src/dead-letter/parked-record.js';
import { testRecord } from '../support/log-fixture.js';

/** The line of a parked record, as it is read: without its line feed. */
function lineOf(clientId: string, { reason = 'r', topic = 't', payload = '{', user = '' } = {}): Buffer {
  const record = { ...testRecord(1), clientId, user, topic, payload: Buffer.from(payload) };
  const line = parkedLine(parkedRecord(record, { code: 'payload-not-json', reason, rule: 'rule' }, 1));
  return Buffer.from(line.trimEnd());
}

it('code, client and user of a line are what parsing it finds, whatever is in the texts around them', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      '","code":"rule-none',
      '"user":"other"',
      '"clientId":"other"',
      'a\\',
      '\\"clientId\\":\\"x"',
      'ü°語',
    ),
  );
  fc.assert(
    fc.property(nasty, nasty, nasty, nasty, nasty, (clientId, user, reason, topic, payload) => {
      const line = lineOf(clientId, { reason, topic, payload, user });
      const head = parkedHead(line);
      const { code, clientId: parsed, user: parsedUser } = parseParkedLine(line)!;
      expect(parsedUser).toBe(user === '' ? undefined : Buffer.from(user).toString());
      if (head !== undefined) expect(head).toEqual({ code, clientId: parsed, user: parsedUser });
      // Only escapes need a parser.
      else expect(JSON.stringify([clientId, user])).toContain('\\');
      const { id, parkedAtMs, rule, topic: parsedTopic } = parseParkedLine(line)!;
      const overview = parkedOverview(line);
      if (overview !== undefined)
        expect(overview).toEqual({ id, parkedAtMs, code, rule, topic: parsedTopic, isPayloadKept: true });
      else expect(JSON.stringify([clientId, user, topic])).toContain('\\');
    }),
    { numRuns: 1_000 },
  );
});

it('a head that is longer than usual is left to the parser', () => {
  expect(parkedHead(lineOf('c', { topic: 't'.repeat(2_000) }))).toBeUndefined();
  expect(parkedHead(lineOf('c'))).toEqual({ code: 'payload-not-json', clientId: 'c' });
});

it('no flipped bit in a line goes unnoticed', () => {
  const line = lineOf('device-1', { payload: '{"temperature": 21.5', user: 'meter-17' });
  for (let bit = 0; bit < line.length * 8; bit += 1) {
    const flipped = Buffer.from(line);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(parkedHead(flipped), `bit ${bit}`).toBeUndefined();
    expect(parkedOverview(flipped), `bit ${bit}`).toBeUndefined();
  }
});

it('a line of version 0.1, which has no checksum, is left to the parser', () => {
  const { code, clientId } = parseParkedLine(lineOf('c'))!;
  const line = JSON.stringify({ id: '17', code, reason: 'r', topic: 't', clientId, qos: 1, payload: 'x' });
  expect(parkedHead(Buffer.from(line))).toBeUndefined();
});

it('the overview of a record says which rule took it, and whether its payload is kept', () => {
  const whole = parkedRecord(testRecord(1), { code: 'rule-none', reason: 'no "rule":"x" took it' }, 5);
  const overview = (parked: typeof whole) => parkedOverview(Buffer.from(parkedLine(parked).trimEnd()));
  expect(overview(whole)).toMatchObject({ rule: undefined, isPayloadKept: true });
  expect(overview({ ...withoutPayload(whole), rule: 'ü' })).toMatchObject({
    rule: 'ü',
    isPayloadKept: false,
  });
});

it('the user of a record whose payload is not kept stands where older versions overlook it [access 11]', () => {
  const whole = parkedRecord({ ...testRecord(1), user: 'meter-17' }, { code: 'rule-none', reason: 'r' }, 5);
  const line = parkedLine(withoutPayload(whole));
  expect(line).toMatch(/"user":"meter-17","clientId":"device-1","qos":1,"payloadKept":false/);
  expect(parkedOverview(Buffer.from(line.trimEnd()))).toMatchObject({ isPayloadKept: false });
  expect(parkedHead(Buffer.from(line.trimEnd()))).toMatchObject({ user: 'meter-17' });
});
