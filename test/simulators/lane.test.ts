import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../../simulators/faults.js';
import { planFleets } from '../../simulators/fleet.js';
import { Lane, type LaneOptions, type Publication } from '../../simulators/lane.js';
import type { SimulateOptions } from '../../simulators/options.js';
import { RUN_OPTIONS } from './run-options.js';

const START_MS = Date.UTC(2026, 0, 31, 8, 0, 0);

function lane(options: Partial<SimulateOptions>, own: Partial<LaneOptions> = {}): Lane {
  const [fleet] = planFleets({ ...RUN_OPTIONS, ...options });
  const { faults, lateByMs } = { ...RUN_OPTIONS, ...options };
  return new Lane({
    fleet: fleet!,
    deviceIndexes: [...fleet!.devices.keys()],
    seed: 1,
    startMs: START_MS,
    faults,
    lateByMs,
    ...own,
  });
}

function takeAll(from: Lane, nowUs = Number.MAX_SAFE_INTEGER): Publication[] {
  const taken: Publication[] = [];
  for (let one = from.take(nowUs); one; one = from.take(nowUs)) taken.push(one);
  return taken;
}

const timestamp = (publication: Publication): number =>
  JSON.parse(publication.payload.toString()).timestamp as number;

describe('Lane', () => {
  it('gives each reading when it is due, devices taking turns', () => {
    const two = lane({ rate: 2 });
    expect(takeAll(two, 0).map(({ topic }) => topic)).toEqual(['sensors/mumbai/CITIMUM/telemetry']);
    expect(two.nextDueUs()).toBe(500_000);
    expect(takeAll(two, 500_000).map(({ topic }) => topic)).toEqual(['sensors/pune/CITIPUN/telemetry']);
    expect(takeAll(two, 999_999)).toEqual([]);
    expect(takeAll(two, 2_000_000)).toHaveLength(3);
  });

  it('invariant 2: timestamps of a device strictly increase at the resolution, at any rate and start', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('cities' as const, 'climate' as const),
        fc.integer({ min: 1, max: 9 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 999 }),
        (scenario, devices, perDevice, startMs) => {
          const taken = takeAll(
            lane(
              { scenario, devices, rate: perDevice * devices, count: 60 },
              { startMs: START_MS + startMs },
            ),
          );
          const last = new Map<string, number>();
          for (const publication of taken) {
            const now = timestamp(publication);
            expect(now).toBeGreaterThan(last.get(publication.topic) ?? 0);
            last.set(publication.topic, now);
          }
        },
      ),
    );
  });

  it('invariant 3: takes exactly the count, copies and held back readings included', () => {
    const faults = { ...NO_FAULTS, late: 0.1, duplicated: 0.3, outOfOrder: 0.2, malformed: 0.1 };
    for (const count of [1, 2, 7, 100, 1001]) {
      const one = lane({ scenario: 'climate', devices: 3, rate: 3, count, faults });
      expect(takeAll(one)).toHaveLength(count);
      expect(one.exhausted).toBe(true);
      expect(one.nextDueUs()).toBeUndefined();
    }
  });

  it('invariant 1: how devices share connections changes no reading', () => {
    const options = { scenario: 'climate', devices: 6, rate: 6, count: 600 } as const;
    const texts = (publications: Publication[]): string[] =>
      publications.map(({ topic, payload }) => `${topic} ${payload}`).sort();
    const together = takeAll(lane(options));
    const apart = [[0, 3], [1, 4], [2], [5]].flatMap((deviceIndexes) =>
      takeAll(lane(options, { deviceIndexes })),
    );
    expect(texts(apart)).toEqual(texts(together));
  });

  it('publishes late readings after the delay, or at the end', () => {
    const late = lane({ devices: 1, rate: 1, faults: { ...NO_FAULTS, late: 1 }, lateByMs: 2500 });
    expect(takeAll(late, 0)).toEqual([]);
    expect(takeAll(late, 2_499_999)).toEqual([]);
    const [first] = takeAll(late, 2_500_000);
    expect(first).toMatchObject({ fault: 'late' });
    expect(timestamp(first!)).toBe(START_MS / 1000);
    late.stop();
    expect(takeAll(late, 2_500_000)).toHaveLength(2);
    expect(late.exhausted).toBe(true);
  });

  it('lets the next reading of the device overtake one that is out of order', () => {
    const taken = takeAll(
      lane({ devices: 1, rate: 1, count: 500, faults: { ...NO_FAULTS, outOfOrder: 0.2 } }),
    );
    const overtaken = taken.filter(({ fault }) => fault === 'outOfOrder');
    expect(overtaken.length).toBeGreaterThan(50);
    for (const one of overtaken) {
      const place = taken.indexOf(one);
      expect(taken.slice(0, place).some((other) => timestamp(other) > timestamp(one))).toBe(true);
    }
    expect(new Set(taken.map(timestamp)).size).toBe(500);
  });

  it('publishes a duplicated reading twice, with the same bytes', () => {
    const taken = takeAll(lane({ devices: 1, rate: 1, count: 10, faults: { ...NO_FAULTS, duplicated: 1 } }));
    for (let at = 0; at < 10; at += 2) {
      expect(taken[at + 1]).toEqual({ ...taken[at], fault: 'duplicated', copy: true });
    }
  });

  it('has nothing left once discarded', () => {
    const held = lane({ faults: { ...NO_FAULTS, late: 1 } });
    takeAll(held, 1_000_000);
    held.discard();
    expect(held.exhausted).toBe(true);
    expect(takeAll(held)).toEqual([]);
  });
});
