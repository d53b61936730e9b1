import { expect, it } from 'vitest';
import type { AcceptedPacket, Intake } from '../../src/broker/intake.js';
import { startIngest } from '../support/broker-fixture.js';
import { startDeliveries } from '../support/deliveries-fixture.js';
import { FakeRetained } from '../support/fake-retained.js';
import { fuzzBroker } from '../support/fuzz/fuzz-broker.js';
import { fuzzFrames, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz/fuzz-options.js';
import { connectionsMarkedIn } from '../support/fuzz/marker.js';
import { ruledAccess } from '../support/ruled-access.js';
import { usedBytes } from '../support/used-bytes.js';

/** What the heap and its buffers may grow while three quarters of the frames arrive. */
const MAX_GROWTH_BYTES = 48 * 2 ** 20;

/** So small that the sessions of the fuzzer reach them. */
const SMALL_BOUNDS = { maxSessions: 30, maxQueuedMessages: 200, maxQueuedBytes: 64 * 1024 };

const fuzzer = { username: 'fuzzer', password: 'fuzzer' };
const good = { username: 'good', password: 'good' };
const { access } = ruledAccess({
  fuzzer: { publish: ['fuzz/#', '/+/#'], subscribe: ['fuzz/#'] },
  good: { publish: ['good/#'], subscribe: ['good/#'] },
});

it.each([
  ['open to all', {}, {}],
  ['with access rules', { access }, { credentials: { fuzzer, steady: good } }],
])(
  `%s: ${fuzzFrames / 2} mutated frames with FUZZ_SEED=${fuzzSeed} store nothing from outside and hurt nobody`,
  {
    timeout: fuzzTimeoutMs,
  },
  async (_, deps, credentials) => {
    const retained = new FakeRetained();
    const { deliveries } = startDeliveries(SMALL_BOUNDS, { retained });
    const { port, log, broker, bridge, lines } = await startIngest({ connectTimeoutMs: 2000 }, 64 << 20, {
      ...deps,
      retained,
      deliveries,
    });
    const marked = watchMarkers(bridge);
    const used: number[] = [];
    const result = await fuzzBroker({
      host: '127.0.0.1',
      port,
      seed: fuzzSeed,
      frames: fuzzFrames / 2,
      ...credentials,
      onPart: () => void used.push(usedBytes()),
    });
    const counters = broker.counters();
    const { connections, mutatedFrames, granted, grantedVersion5, answers, steadyMessages } = result;
    const growth = (used.at(-1) ?? 0) - (used[0] ?? 0);
    console.log({
      connections,
      mutatedFrames,
      granted,
      grantedVersion5,
      answers,
      stored: marked.size,
      steadyMessages,
      growth,
      deliveries: counters.deliveries,
      retained: counters.retained,
      refused: counters.refused,
    });

    expect(result.faults).toEqual([]);
    expect([...marked].filter(result.isOutside)).toEqual([]);
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    expect(counters.refused.unexpected).toBe(0);
    expect(counters.unfinishedBytes).toBe(0);
    // Connections did get in and were stored, and some were refused: otherwise nothing was tested.
    expect(granted).toBeGreaterThan(connections / 4);
    expect(grantedVersion5).toBeGreaterThan(connections / 10);
    expect(granted - grantedVersion5).toBeGreaterThan(connections / 10);
    expect(granted).toBeLessThan(connections);
    expect(marked.size).toBeGreaterThan(granted / 3);

    const { records, damaged } = await log.readAll();
    const steady = records
      .filter(({ clientId }) => clientId === 'good')
      .map(({ payload }) => Number(payload));
    expect(steady).toEqual(Array.from({ length: steadyMessages }, (_, i) => i));
    expect(damaged).toBe(0);
    expect(records.filter(({ clientId }) => clientId === '')).toEqual([]);
    expect(lines.filter(({ fields }) => 'err' in fields)).toEqual([]);
  },
);

/** The fuzzed connections of which something was accepted. */
function watchMarkers(intake: Intake): Set<number> {
  const marked = new Set<number>();
  const accept = intake.accept.bind(intake);
  intake.accept = (packet: AcceptedPacket, stored: () => void) => {
    for (const connection of connectionsMarkedIn(packet.topic)) marked.add(connection);
    for (const connection of connectionsMarkedIn(packet.payload)) marked.add(connection);
    return accept(packet, stored);
  };
  return marked;
}
