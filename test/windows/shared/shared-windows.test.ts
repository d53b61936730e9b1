import { expect, it, onTestFinished } from 'vitest';
import { scheduleOnTimer } from '../../../src/lib/timers.js';
import { holdAt, msOf, ROOM, SharedApplication, settle } from './shared-application.js';

async function twoConsumers() {
  const application = new SharedApplication();
  onTestFinished(() => application.close());
  const one = await application.consumer('one');
  const two = await application.consumer('two');
  one.take('a');
  two.take('b');
  return { application, one, two };
}

it('marks an open window once for each consumer, and computes it when all shards have passed it', async () => {
  const { application, one, two } = await twoConsumers();
  await one.write('kitchen', 1, 5);
  expect(application.due()).toEqual(['room_10s 0']);
  const { version } = [...application.table.rows.values()].find(({ kind }) => kind === 'mark')!;
  await one.write('kitchen', 2, 7);
  expect([...application.table.rows.values()]).toContainEqual(expect.objectContaining({ version }));
  await two.write('kitchen', 3, 1);

  one.save('a', 100);
  two.save('b', 11);
  await one.turns(6);
  expect(application.rows()).toEqual({});
  two.save('b', 12);
  await one.turns(6);
  expect(application.rows()).toEqual({ 'kitchen 0': '3 13' });
  expect(application.due()).toEqual(['room_1min 0']);
  two.save('b', 100);
  await settle(application, [one, two]);
  expect(application.rows('room_1min')).toEqual({ 'kitchen 0': '3 13' });
});

it('closes no window while a shard has no watermark, or while no shard is known', async () => {
  const { application, one, two } = await twoConsumers();
  await one.write('kitchen', 1, 5);
  one.save('a', 100);
  await one.turns(6);
  expect(application.rows()).toEqual({});
  application.shards.clear();
  await one.turns(6);
  expect(application.rows()).toEqual({});
  application.shards.set('a', 100);
  await settle(application, [one, two]);
  expect(application.rows()).toEqual({ 'kitchen 0': '1 5' });
});

/** Window 0 of two points has been computed. */
async function computedOnce() {
  const { application, one, two } = await twoConsumers();
  await one.write('kitchen', 1, 5);
  await two.write('hall', 2, 6);
  one.save('a', 100);
  two.save('b', 100);
  await settle(application, [one, two]);
  expect(application.rows()).toEqual({ 'kitchen 0': '1 5', 'hall 0': '1 6' });
  return { application, one, two };
}

it('computes only the group of a late point again, when it has been quiet', async () => {
  const { application, one, two } = await computedOnce();
  await two.write('kitchen', 3, 10);
  expect(application.due()).toEqual(['room_10s 0 [["room","kitchen"]]']);
  const before = one.windows.report().aggregates[0]!.resolutions[0]!.rowsWritten;
  await one.turns(4);
  expect(application.rows()).toMatchObject({ 'kitchen 0': '1 5' });
  await settle(application, [one, two]);
  expect(application.rows()).toEqual({ 'kitchen 0': '2 15', 'hall 0': '1 6' });
  expect(one.windows.report().aggregates[0]!.resolutions[0]!.rowsWritten).toBe(before + 1);
});

it('computes a late point again when a fold began and ended between its mark and the answer of the store', async () => {
  const { application, one, two } = await computedOnce();
  const write = holdAt(two, 'points');
  const writing = two.write('kitchen', 3, 10);
  await write.reached;
  await settle(application, [one]);
  expect(application.rows()).toMatchObject({ 'kitchen 0': '1 5' });
  write.release();
  await writing;
  await settle(application, [one, two]);
  expect(application.rows()).toMatchObject({ 'kitchen 0': '2 15' });
});

it('keeps a mark that was written again while the fold ran', async () => {
  const { application, one, two } = await computedOnce();
  await two.write('kitchen', 3, 10);
  const rows = holdAt(one, 'rows');
  await application.passed(5_000, [one]);
  await rows.reached;
  await two.write('kitchen', 4, 100);
  rows.release();
  await settle(application, [one, two]);
  expect(application.rows()).toMatchObject({ 'kitchen 0': '3 115' });
});

it('saves no watermark that passes an open window while a point is on its way into it', async () => {
  const { one } = await twoConsumers();
  const records = (seconds: number) => [{ receivedAtNs: BigInt(msOf(seconds)) * 1_000_000n }];
  const passTo = (seconds: number) => {
    one.windows.processed({ position: '', parts: [{ partition: 'a#0', records: records(seconds) }] });
    return one.windows.watermarkMs('a#0');
  };
  expect(one.windows.watermarkMs('a#0')).toBeUndefined();
  expect(passTo(-50)).toBe(msOf(-50));
  const write = holdAt(one, 'points');
  const writing = one.write('kitchen', -15, 5);
  await write.reached;
  expect(passTo(-10)).toBe(msOf(-10));
  expect(passTo(-5)).toBe(msOf(-8) - 1);
  write.release();
  await writing;
  expect(passTo(-5)).toBe(msOf(-5));
  // The clock of a gateway is ahead.
  expect(passTo(5)).toBe(msOf(0));
});

it('computes a window again when a point was on its way into it while the shard of its consumer was lost', async () => {
  const { application, one, two } = await twoConsumers();
  await one.write('kitchen', 1, 5);
  two.save('b', 100);
  const write = holdAt(one, 'points');
  const writing = one.write('kitchen', 2, 7);
  await write.reached;
  one.lose('a');
  two.take('a');
  two.save('a', 100);
  await settle(application, [one, two]);
  expect(application.rows()).toEqual({ 'kitchen 0': '1 5' });
  write.release();
  await writing;
  await settle(application, [one, two]);
  expect(application.rows()).toEqual({ 'kitchen 0': '2 12' });
});

it('takes windows for late that were closed before a shard was known', async () => {
  const { application, one, two } = await computedOnce();
  two.take('child');
  two.lose('b');
  application.shards.delete('b');
  await two.write('kitchen', 3, 10);
  expect(application.due()).toEqual(['room_10s 0 [["room","kitchen"]]']);
  two.save('child', 100);
  await settle(application, [one, two]);
  expect(application.rows()).toMatchObject({ 'kitchen 0': '2 15' });
});

it('closes no window by watermarks that were read before a shard was known', async () => {
  const { application, one, two } = await twoConsumers();
  await one.write('kitchen', 1, 5);
  await two.write('kitchen', 2, 7);
  one.save('a', 100);
  two.save('b', 100);
  // The second turn begins a scan, which the third one takes in.
  await one.turns(2);
  two.lose('b');
  application.shards.delete('b');
  two.take('child');
  const write = holdAt(two, 'points');
  const writing = two.write('kitchen', 3, 1);
  await write.reached;
  await one.turns(6);
  write.release();
  await writing;
  two.save('child', 100);
  await settle(application, [one, two]);
  expect(application.rows()).toEqual({ 'kitchen 0': '3 13' });
});

it('goes on in another consumer when the one that computes is killed', async () => {
  const { application, one, two } = await twoConsumers();
  await one.turns(1);
  await two.turns(1);
  expect(two.windows.report().computedBy).toBe('one');
  await one.write('kitchen', 1, 5);
  one.kill();
  two.save('b', 100);
  two.take('a');
  await two.write('kitchen', 2, 7);
  two.save('a', 100);
  await application.passed(9_000, [two]);
  expect(application.rows()).toEqual({});
  await application.passed(4_000, [two]);
  expect(two.windows.report().computedBy).toBe('two');
  await settle(application, [two]);
  expect(application.rows()).toEqual({ 'kitchen 0': '2 12' });
});

it('has rows computed again that a consumer wrote after another one was elected', async () => {
  const { application, one, two } = await computedOnce();
  await two.write('kitchen', 3, 10);
  const rows = holdAt(one, 'rows');
  await application.passed(5_000, [one]);
  await rows.reached;
  // The elected one stands still with what it has read, and the other one takes over.
  await two.write('kitchen', 4, 100);
  await application.passed(12_000, [two]);
  await settle(application, [two]);
  expect(application.rows()).toMatchObject({ 'kitchen 0': '3 115' });
  rows.release();
  await one.turns(1);
  expect(application.rows()).toMatchObject({ 'kitchen 0': '2 15' });
  await settle(application, [one, two]);
  expect(application.rows()).toMatchObject({ 'kitchen 0': '3 115' });
});

it('waits for the fail-over time before it computes what a killed consumer was writing', async () => {
  const { application, one, two } = await computedOnce();
  const write = holdAt(two, 'points');
  const writing = two.write('kitchen', 3, 10).catch(() => 'killed');
  await write.reached;
  two.isDead = true;
  await application.passed(8_000, [one]);
  expect(application.due()).not.toEqual([]);
  // The store has got the request all the same.
  two.isDead = false;
  two.isTableDown = true;
  write.release();
  await application.passed(1_000, [one]);
  two.kill();
  expect(await writing).toBe('killed');
  await settle(application, [one]);
  expect(application.rows()).toMatchObject({ 'kitchen 0': '2 15' });
});

it('lets points wait while the table does not answer, says so, and goes on', async () => {
  const { application, one } = await twoConsumers();
  await one.write('kitchen', 1, 5);
  one.isTableDown = true;
  one.schedule = (_ms, run) => scheduleOnTimer(1, run);
  const writing = one.write('kitchen', 11, 7);
  await expect.poll(() => one.windows.report().blockedBy).toContain('points wait for it');
  expect(one.warnings).toEqual(['WINDOWS_TABLE_FAILING']);
  const stored = () =>
    application.store.reference.rows({ measurement: 'climate', fromNs: 0n, toNs: 2n ** 62n, fields: ['v'] });
  expect(stored()).toHaveLength(1);
  one.isTableDown = false;
  await writing;
  expect(stored()).toHaveLength(2);
  expect(one.windows.report()).not.toHaveProperty('blockedBy');
});

it('shows in each consumer what is due, who computes, and where its own values are', async () => {
  const { application, one, two } = await twoConsumers();
  await one.write('kitchen', 1, 5);
  await two.write('kitchen', 1, 5);
  await one.turns(6);
  await two.turns(1);
  for (const { windows } of [one, two]) {
    const report = windows.report();
    expect(report).toMatchObject({ computedBy: 'one', problem: '' });
    expect(report.aggregates[0]!.values).toMatchObject({ accepted: 1, aggregated: 0, awaiting: 1 });
    expect(report.aggregates[0]!.resolutions[0]).toMatchObject({ openWindows: 1, markedWindows: 0 });
  }
  one.save('a', 100);
  two.save('b', 100);
  await settle(application, [one, two]);
  await application.passed(2_000, [one, two]);
  for (const { windows } of [one, two]) {
    const [room] = windows.report().aggregates;
    expect(room!.values).toMatchObject({ accepted: 1, aggregated: 1, awaiting: 0 });
    expect(room!.resolutions[0]).toMatchObject({ openWindows: 0, markedWindows: 0 });
  }
});

it('computes windows again that a person asks any consumer for', async () => {
  const { application, one, two } = await computedOnce();
  application.store.reference.write([]);
  const request = { fromMs: 0, toMs: 0, isDryRun: false, isForced: false };
  const fromMs = Number(1_795_000_020_000n);
  const result = await two.windows.rebuild({ ...request, fromMs, toMs: fromMs + 10_000 });
  expect(result.aggregates).toMatchObject([{ measurement: 'room_10s', windows: 1 }, { windows: 1 }]);
  const marked = () =>
    two.windows.report().aggregates[0]!.resolutions.map(({ markedWindows }) => markedWindows);
  expect(marked()).toEqual([1, 1]);
  const before = one.windows.report().aggregates[0]!.resolutions[0]!.folds;
  await settle(application, [one, two]);
  await application.passed(2_000, [one, two]);
  expect(marked()).toEqual([0, 0]);
  expect(one.windows.report().aggregates[0]!.resolutions[0]!.folds).toBe(before + 1);
});

it('works off more marks than it has memory for', async () => {
  const application = new SharedApplication();
  onTestFinished(() => application.close());
  const one = await application.consumer('one', [ROOM], 4_000);
  one.take('a');
  one.save('a', 100);
  for (let nth = 1; nth <= 20; nth++) await one.write('kitchen', -100 * nth, nth);
  await one.turns(4);
  expect(one.windows.report()).toMatchObject({ maxMemoryBytes: 4_000 });
  expect(one.windows.report().memoryBytes).toBeGreaterThan(1_600);
  for (let nth = 21; nth <= 25; nth++) await one.write('kitchen', -100 * nth, nth);
  await settle(application, [one]);
  expect(Object.keys(application.rows())).toHaveLength(25);
  expect(one.windows.report().aggregates[0]!.values).toMatchObject({ accepted: 25, beyondMemory: 0 });
  expect(one.warnings).toEqual([]);
});

it('refuses an aggregate that is another one in the table, under its name', async () => {
  const { application } = await twoConsumers();
  await expect(application.consumer('three', [{ ...ROOM, by: [] }])).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('by of the windows "room" was [room] and is []'),
  });
});

it('marks the windows that are open when an aggregate is configured first', async () => {
  const application = new SharedApplication();
  onTestFinished(() => application.close());
  const one = await application.consumer('one');
  await one.windows.prepare();
  expect(application.due()).toEqual(['room_10s -10', 'room_10s 0', 'room_1min -60', 'room_1min 0']);
});
