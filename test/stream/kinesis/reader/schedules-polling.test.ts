import { describe, it } from 'vitest';
import { runSchedules } from './schedules.js';

const SCHEDULES = process.env.SLUICE_SOAK === 'full' ? 10_000 : 1_500;

describe(`the reader by GetRecords, in ${SCHEDULES} random schedules (seed 20261121)`, () => {
  it('delivers each record once and in the order of its device, from wherever it is restarted', {
    timeout: 600_000,
  }, async () => {
    await runSchedules(SCHEDULES, false);
  });
});
