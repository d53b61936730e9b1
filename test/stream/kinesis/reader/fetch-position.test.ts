import { describe, expect, it } from 'vitest';
import { FetchPosition } from '../../../../src/stream/kinesis/reader/fetch-position.js';

const record = (sequenceNumber: string) => ({
  sequenceNumber,
  partitionKey: 'd',
  data: new Uint8Array(),
  arrivedAtMs: 0,
});
const numbers = (position: FetchPosition, ...sequenceNumbers: string[]) => {
  const { records, gapBehind } = position.accept(sequenceNumbers.map(record));
  return [records.map(({ sequenceNumber }) => sequenceNumber), gapBehind];
};
const behind5 = () => new FetchPosition({ kind: 'BEHIND', sequenceNumber: '5', subSequenceNumber: 0 });

describe('a fetch position', () => {
  it('begins AT the Kinesis record it is in, and passes that one on', () => {
    const position = behind5();
    expect(position.start).toEqual({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber: '5' });
    expect(numbers(position, '5', '7')).toEqual([['5', '7'], undefined]);
    expect(numbers(position, '9')).toEqual([['9'], undefined]);
  });

  it('sees a gap when the answer begins after it, and only once', () => {
    const position = behind5();
    expect(numbers(position)).toEqual([[], undefined]);
    expect(numbers(position, '7')).toEqual([['7'], '5']);
    expect(numbers(position, '9')).toEqual([['9'], undefined]);
    expect(position.gapAtEnd()).toBeUndefined();
  });

  it('sees a gap at the end of a shard that brought nothing', () => {
    expect(behind5().gapAtEnd()).toBe('5');
  });

  it('passes over what is older, over several pages; then nothing after it is missing', () => {
    const position = behind5();
    expect(position.fallBackToOldest()).toBe(true);
    expect(position.start).toEqual({ type: 'TRIM_HORIZON' });
    expect(numbers(position, '1', '2')).toEqual([[], undefined]);
    expect(position.gapAtEnd()).toBeUndefined();
    expect(numbers(position, '10', '11')).toEqual([['10', '11'], undefined]);
  });

  it('renews AT the last record, which it does not pass on again', () => {
    const position = behind5();
    numbers(position, '5', '99');
    position.restart();
    expect(position.start).toEqual({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber: '99' });
    expect(numbers(position, '99')).toEqual([[], undefined]);
    expect(numbers(position, '100')).toEqual([['100'], undefined]);
  });

  it('does not fall back from a time or from the oldest record', () => {
    expect(new FetchPosition({ kind: 'AT_TIMESTAMP', timestampMs: 1 }).fallBackToOldest()).toBe(false);
    expect(new FetchPosition({ kind: 'TRIM_HORIZON' }).fallBackToOldest()).toBe(false);
  });
});
