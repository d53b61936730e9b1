import { expect, it, onTestFinished, vi } from 'vitest';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { WindowsJournal } from '../../src/windows/windows-journal.js';
import { tempDirectory } from '../support/temp-directory.js';
import { StepStore } from './step-store.js';
import { WindowsProcess } from './windows-process.js';

const AGGREGATE: Aggregate = {
  name: 'climate',
  from: 'climate',
  sizeMs: 60_000,
  latenessMs: 1_000,
  fields: new Map([['temperature', { functions: ['mean'], quantiles: [] }]]),
  resolutions: [{ everyMs: 60_000, measurement: 'climate_1min', retentionMs: 0 }],
};
const POINT = {
  series: { measurement: 'climate', tags: [] },
  timestampNs: BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n,
  fields: [{ name: 'temperature', type: 'float', value: 21 }],
} as const;

function diskFault(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

it('points wait while it cannot be saved in which windows they are, the report says why, and they go on', async () => {
  const store = new StepStore();
  const gateway = new WindowsProcess([AGGREGATE], tempDirectory(), store);
  onTestFinished(() => gateway.stop());
  await gateway.start();
  expect(gateway.windows.report()).not.toHaveProperty('blockedBy');

  const flush = vi
    .spyOn(WindowsJournal.prototype, 'flush')
    .mockRejectedValue(diskFault('ENOSPC', 'no space left'));
  onTestFinished(() => flush.mockRestore());
  const write = vi.spyOn(store, 'write');
  const writing = gateway.windows.around(store).write([POINT], new AbortController().signal);
  await vi.waitFor(() => expect(gateway.windows.report().blockedBy).toContain('no space left'));
  expect(gateway.windows.report().problem).toContain('no space left');
  expect(gateway.warnings).toEqual(['DISK_FULL']);
  expect(write).not.toHaveBeenCalled();

  flush.mockRestore();
  await writing;
  expect(write).toHaveBeenCalledOnce();
  expect(gateway.windows.report()).toMatchObject({ problem: '' });
  expect(gateway.windows.report()).not.toHaveProperty('blockedBy');
});

it('another fault of the disk is one that ends the process, and the store never gets the points', async () => {
  const store = new StepStore();
  const gateway = new WindowsProcess([AGGREGATE], tempDirectory(), store);
  onTestFinished(() => gateway.stop());
  await gateway.start();
  const flush = vi
    .spyOn(WindowsJournal.prototype, 'flush')
    .mockRejectedValue(diskFault('EIO', 'input/output error'));
  onTestFinished(() => flush.mockRestore());
  const write = vi.spyOn(store, 'write');
  const writing = gateway.windows.around(store).write([POINT], new AbortController().signal);
  await expect(writing).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' });
  expect(write).not.toHaveBeenCalled();
});
