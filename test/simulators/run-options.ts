import type { FaultShares } from '../../simulators/faults.js';
import type { SimulateOptions } from '../../simulators/options.js';

export const NO_FAULTS: FaultShares = { late: 0, duplicated: 0, outOfOrder: 0, malformed: 0, wrongClock: 0 };

/** Two cities a second, as the command line would resolve them. */
export const RUN_OPTIONS: SimulateOptions = {
  scenario: 'cities',
  url: 'mqtt://127.0.0.1:1',
  devices: 2,
  rate: 2,
  qos: 1,
  seed: '1',
  connections: 2,
  inFlight: 100,
  dayMs: 86_400_000,
  faults: NO_FAULTS,
  lateByMs: 10_000,
  disconnectsPerSecond: 0,
  connectTimeoutMs: 10_000,
  ackTimeoutMs: 30_000,
};
