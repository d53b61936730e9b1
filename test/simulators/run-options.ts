import { NO_FAULTS } from '../../simulators/faults.js';
import type { SimulateOptions } from '../../simulators/options.js';

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
  storyMs: 0,
  faults: NO_FAULTS,
  lateByMs: 10_000,
  disconnectsPerSecond: 0,
  connectTimeoutMs: 10_000,
  ackTimeoutMs: 30_000,
};
