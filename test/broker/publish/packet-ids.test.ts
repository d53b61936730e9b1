import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketIds } from '../../../src/broker/publish/packet-ids.js';

describe('PacketIds', () => {
  it('are a set, and empty again when they are given to the next connection', () => {
    const packetId = fc.oneof(
      fc.constantFrom(1, 2, 7, 8, 65_534, 65_535),
      fc.integer({ min: 1, max: 65_535 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), packetId)), (steps) => {
        const ids = PacketIds.take();
        const expected = new Set<number>();
        for (const [isAdded, id] of steps) {
          expect(ids.has(id)).toBe(expected.has(id));
          if (isAdded) {
            ids.add(id);
            expected.add(id);
          } else {
            expected.delete(id);
            expect(ids.delete(id)).toBe(expected.size);
          }
        }
        for (const id of expected) ids.delete(id);
        ids.giveBack();
        const next = PacketIds.take();
        expect(steps.every(([, id]) => !next.has(id))).toBe(true);
      }),
    );
  });
});
