import { defineConfig } from 'vitest/config';

/** Tests that start Chromium. */
const BROWSER = ['test/**/*.browser.test.ts'];
/** Tests that need a program from outside (InfluxDB, Mosquitto, Prometheus …) or a local Kinesis. */
const SERVER = ['test/**/*.server.test.ts'];
/** Tests that replace a module of ours: each needs modules of its own. */
const ISOLATED = ['test/**/*.isolated.test.ts'];
/** Tests of whole processes. */
const E2E = ['test/e2e/**/*.test.ts', 'test/faults/**/*.test.ts'];

/** Vitest leaves one core idle otherwise. */
const WORKERS = 2;
/** Whole programs and browsers mostly wait: for a start, a kill, an outage, a drawn page. Others fill the pauses. */
const WAITING_WORKERS = 3;

/** These start the program often. */
const BUNDLED = ['test/support/build-bundle.ts'];

export default defineConfig({
  test: {
    globalSetup: ['test/support/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...ISOLATED, ...BROWSER, ...SERVER, ...E2E],
          isolate: false,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'unit-isolated', include: ISOLATED, maxWorkers: WORKERS, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: BROWSER,
          globalSetup: BUNDLED,
          maxWorkers: WAITING_WORKERS,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: SERVER,
          globalSetup: BUNDLED,
          maxWorkers: WAITING_WORKERS,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: E2E,
          exclude: [...BROWSER, ...SERVER],
          globalSetup: BUNDLED,
          testTimeout: 120_000,
          maxWorkers: WAITING_WORKERS,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
