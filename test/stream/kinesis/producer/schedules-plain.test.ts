import { describe, it } from 'vitest';
import { runSchedules } from './schedules.js';

describe('the producer without aggregation, in 5,000 random schedules (seed 20260801)', () => {
  it('completes each record once, keeps the order of each device and gets everything through', async () => {
    await runSchedules(5_000, false);
  });
});
