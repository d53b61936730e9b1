import { describe, expect, it } from 'vitest';
import { boundedDetail, MAX_LISTED, MAX_PAYLOAD_BYTES } from '../../../src/http/routes/bounded-detail.js';
import { parkedDetail } from '../../support/fake-gateway-view.js';

describe('boundedDetail', () => {
  it('leaves a usual record as it is', () => {
    const detail = parkedDetail({
      id: '1',
      refusedPoints: [{ index: 3, code: 'store-refused', reason: 'no' }],
    });
    expect(boundedDetail(detail)).toEqual(detail);
  });

  it('has the outcome of the explanation under its former name, too', () => {
    const explanation = { outcome: 'parked', lines: ['m v=1 1'], tried: [] } as const;
    const detail = parkedDetail({ id: '1', explanation });
    expect(boundedDetail(detail)).toEqual({ ...detail, explanation: { ...explanation, fate: 'parked' } });
  });

  it.each(['x', 'é', '漢', '🌧'])(
    'gives the first 64 KiB of a text of %s, up to a whole character',
    (character) => {
      const payload = `_${character.repeat(MAX_PAYLOAD_BYTES)}`;
      const shown = boundedDetail(parkedDetail({ id: '1', payload })).payload ?? '';
      const bytes = Buffer.byteLength(shown);
      expect(bytes).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
      expect(bytes).toBeGreaterThan(MAX_PAYLOAD_BYTES - 4);
      expect(payload.startsWith(shown)).toBe(true);
      expect(Buffer.from(shown).toString()).toBe(shown);
    },
  );

  it('gives the first 64 KiB of other bytes, in whole groups of base64', () => {
    const bytes = Buffer.alloc(MAX_PAYLOAD_BYTES * 2, 0xfe);
    const { payload: _text, ...rest } = parkedDetail({ id: '1', payloadBase64: bytes.toString('base64') });
    const shown = Buffer.from(boundedDetail(rest).payloadBase64 ?? '', 'base64');
    expect(shown.length).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    expect(shown.length).toBeGreaterThan(MAX_PAYLOAD_BYTES - 3);
    expect(shown.equals(bytes.subarray(0, shown.length))).toBe(true);
  });

  it('lists a hundred of many refused points and lines, and says how many more there are', () => {
    const detail = boundedDetail(
      parkedDetail({
        id: '1',
        refusedPoints: Array.from({ length: 250 }, (_, index) => ({ index, code: 'c', reason: 'r' })),
        explanation: { outcome: 'written', lines: Array.from({ length: 101 }, () => 'm v=1 1'), tried: [] },
      }),
    );
    expect([detail.refusedPoints?.length, detail.moreRefusedPoints]).toEqual([MAX_LISTED, 150]);
    expect([detail.explanation?.lines.length, detail.moreLines]).toEqual([MAX_LISTED, 1]);
  });
});
