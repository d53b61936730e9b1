import { expect, it, onTestFinished, vi } from 'vitest';
import { swapBetweenBatches } from '../../src/consumer/swap-between-batches.js';
import { SerialQueue } from '../../src/lib/serial-queue.js';

function virtualTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** A promise that the test resolves or rejects. */
function gate() {
  let open: () => void = () => undefined;
  let fail: (why: Error) => void = () => undefined;
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { open, fail, passed };
}

it('swaps behind the batch before it and in front of the next one', async () => {
  const batches = new SerialQueue();
  const order: string[] = [];
  const before = gate();
  const batch = async (name: string, until: Promise<void> = Promise.resolve()) => {
    await until;
    order.push(name);
  };
  void batches.run(() => batch('first', before.passed));
  const swapped = swapBetweenBatches(
    batches,
    { complete: () => batch('completed'), swap: () => void order.push('swapped') },
    1_000,
  );
  const last = batches.run(() => batch('second'));
  before.open();
  expect(await swapped).toBe('done');
  await last;
  expect(order).toEqual(['first', 'completed', 'swapped', 'second']);
});

it('never swaps once it was too late', async () => {
  virtualTime();
  const batches = new SerialQueue();
  const present = gate();
  let swaps = 0;
  const parts = {
    complete: () => present.passed,
    swap: () => {
      swaps += 1;
    },
  };
  const late = swapBetweenBatches(batches, parts, 1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await late).toBe('late');
  present.open();
  await batches.idle();
  expect(swaps).toBe(0);
  expect(await swapBetweenBatches(batches, parts, 1_000)).toBe('done');
  expect(swaps).toBe(1);
});

it('does not swap when what was mapped cannot be saved, and lets the next batch run', async () => {
  const batches = new SerialQueue();
  const present = gate();
  const swap = vi.fn();
  const swapped = swapBetweenBatches(batches, { complete: () => present.passed, swap }, 1_000);
  const next = batches.run(async () => 'mapped');
  present.fail(new Error('disk full'));
  await expect(swapped).rejects.toThrow('disk full');
  expect(await next).toBe('mapped');
  expect(swap).not.toHaveBeenCalled();
});
