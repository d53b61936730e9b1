import { describe, it } from 'vitest';
import { runSchedules } from './schedules.js';

describe('the reader by GetRecords, in 1,500 random schedules (seed 20261121)', () => {
  it('hands out each record once and in the order of its device, from wherever it is restarted', async () => {
    await runSchedules(1_500, false);
  });
});
