import { describe, it } from 'vitest';
import { runSchedules } from './schedules.js';

describe('the reader by SubscribeToShard, in 1,000 random schedules (seed 20261121)', () => {
  it('hands out each record once and in the order of its device, from wherever it is restarted', async () => {
    await runSchedules(1_000, true);
  });
});
