import { describe, expect, it } from 'vitest';
import { KeptRetained, RETAINED_DEFAULTS } from '../../../src/broker/retained/kept-retained.js';
import type { WarningFields } from '../../../src/lib/warnings.js';
import { MemoryJournalFiles } from '../../support/memory-journal-files.js';

function inMemory(limits = {}) {
  const warnings: WarningFields[] = [];
  const retained = new KeptRetained(
    { ...RETAINED_DEFAULTS, ...limits },
    { warn: (fields) => warnings.push(fields) },
  );
  return { retained, warnings };
}

const onDisk = (files: MemoryJournalFiles) =>
  KeptRetained.open('/retained', RETAINED_DEFAULTS, {
    files,
    warn: () => undefined,
    onFailure: (failure) => {
      throw failure;
    },
  });

const all = (retained: KeptRetained, filter = '#') =>
  [...retained.matching(filter)].map(({ topic, payload, qos }) => `${topic} ${payload} ${qos}`).sort();

describe('KeptRetained', () => {
  it('has the last message of each topic, and forgets it with an empty one [MQTT-3.3.1-10]', () => {
    const { retained } = inMemory();
    const shared = Buffer.from('first');
    retained.set('a/b', shared, 0);
    shared.fill('x');
    retained.set('a', Buffer.from('of a'), 1);
    retained.set('a/b/c', Buffer.from('of c'), 2);
    expect(all(retained)).toEqual(['a of a 1', 'a/b first 0', 'a/b/c of c 2']);
    retained.set('a/b', Buffer.from('second'), 2);
    retained.set('a', Buffer.alloc(0), 1);
    retained.set('unknown', Buffer.alloc(0), 1);
    expect(all(retained)).toEqual(['a/b second 2', 'a/b/c of c 2']);
    expect(retained.counters().messages).toBe(2);
    retained.set('a/b', Buffer.alloc(0), 0);
    retained.set('a/b/c', Buffer.alloc(0), 0);
    expect(retained.counters()).toEqual({ messages: 0, bytes: 0, refused: 0, expired: 0 });
  });

  it('retains no further topic at its bound of messages, and still replaces', () => {
    const { retained, warnings } = inMemory({ maxMessages: 2 });
    for (const topic of ['a', 'b', 'c', 'a']) retained.set(topic, Buffer.from(`${topic}!`), 1);
    expect(all(retained)).toEqual(['a a! 1', 'b b! 1']);
    retained.set('a', Buffer.from('replaced'), 1);
    expect(all(retained, 'a')).toEqual(['a replaced 1']);
    expect(retained.counters().refused).toBe(1);
    expect(warnings).toEqual([
      expect.objectContaining({ code: 'BROKER_RETAINED_FULL', topic: 'c', messages: 2 }),
    ]);
    retained.set('b', Buffer.alloc(0), 0);
    retained.set('c', Buffer.from('has room'), 0);
    expect(all(retained)).toEqual(['a replaced 1', 'c has room 0']);
  });

  it('retains within its bound of bytes, and no message that is no longer the last one', () => {
    const { retained } = inMemory({ maxBytes: 2400 });
    retained.set('a', Buffer.alloc(600), 0);
    retained.set('b', Buffer.alloc(600), 0);
    expect(retained.counters()).toMatchObject({ messages: 2, refused: 0, expired: 0 });
    retained.set('c', Buffer.alloc(600), 0);
    expect(retained.counters()).toMatchObject({ messages: 2, refused: 1, expired: 0 });
    retained.set('a', Buffer.alloc(500), 0);
    retained.set('a', Buffer.alloc(1500), 0);
    expect([...retained.matching('#')].map(({ topic }) => topic)).toEqual(['b']);
    expect(retained.counters()).toMatchObject({ messages: 1, refused: 2, expired: 0 });
    expect(retained.counters().bytes).toBeLessThanOrEqual(2400);
  });

  it('counts what topics with many levels cost', () => {
    const { retained } = inMemory({ maxBytes: 100_000 });
    for (let n = 0; n < 100; n += 1) retained.set(`${n}${'/'.repeat(99)}`, Buffer.from('x'), 0);
    expect(retained.counters().messages).toBeLessThan(10);
    const { retained: shared } = inMemory({ maxBytes: 100_000 });
    for (let n = 0; n < 100; n += 1) shared.set(`a/b/c/${n}`, Buffer.from('x'), 0);
    expect(shared.counters().messages).toBe(100);
    for (let n = 0; n < 100; n += 1) shared.set(`a/b/c/${n}`, Buffer.alloc(0), 0);
    expect(shared.counters().bytes).toBe(0);
  });

  it('has after a power cut what was committed', async () => {
    const files = new MemoryJournalFiles();
    const retained = await onDisk(files);
    retained.set('haus/straße', Buffer.from('on'), 1);
    retained.set('gone', Buffer.from('x'), 0);
    retained.set('binary', Buffer.from([0, 255, 128]), 2);
    await retained.companion?.commit();
    retained.set('gone', Buffer.alloc(0), 0);
    retained.set('haus/straße', Buffer.from('off'), 0);
    await retained.companion?.commit();
    retained.set('not/committed', Buffer.from('x'), 0);
    const again = await onDisk(files.afterPowerCut(0, false));
    expect([...again.matching('#')].map(({ topic }) => topic).sort()).toEqual(['binary', 'haus/straße']);
    expect(all(again, 'haus/+')).toEqual(['haus/straße off 0']);
    expect([...again.matching('binary')][0]?.payload).toEqual(Buffer.from([0, 255, 128]));
    const { messages, bytes } = again.counters();
    retained.set('not/committed', Buffer.alloc(0), 0);
    expect({ messages, bytes, refused: 0, expired: 0 }).toEqual(retained.counters());
  });

  it('writes nothing when a device repeats its message', async () => {
    const files = new MemoryJournalFiles();
    const retained = await onDisk(files);
    retained.set('a', Buffer.from('same'), 1);
    await retained.companion?.commit();
    retained.set('a', Buffer.from('same'), 1);
    expect(retained.companion?.hasPending).toBe(false);
    retained.set('a', Buffer.from('same'), 0);
    expect(retained.companion?.hasPending).toBe(true);
  });

  it('keeps its journal short while few topics change often', async () => {
    const files = new MemoryJournalFiles();
    const retained = await onDisk(files);
    for (let n = 0; n < 300; n += 1) {
      retained.set(`topic/${n % 10}`, Buffer.alloc(100_000, String(n)), 0);
      await retained.companion?.commit();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await retained.close();
    expect(files.bytesOf('/retained/state.journal')?.length).toBeLessThan(20_000_000);
    expect(all(await onDisk(files))).toEqual(all(retained));
  });

  it('keeps what a lower bound would not have let in', async () => {
    const files = new MemoryJournalFiles();
    const retained = await onDisk(files);
    for (const topic of ['a', 'b', 'c']) retained.set(topic, Buffer.from('x'), 0);
    await retained.close();
    const again = await KeptRetained.open(
      '/retained',
      { maxMessages: 1, maxBytes: 1 },
      { files, warn: () => undefined, onFailure: () => undefined },
    );
    expect(again.counters().messages).toBe(3);
    again.set('d', Buffer.from('x'), 0);
    again.set('a', Buffer.from('y'), 0);
    expect(all(again)).toEqual(['a y 0', 'b x 0', 'c x 0']);
  });

  it('keeps properties and expiry across a power cut, and what has expired is not found, removed and counted', async () => {
    const files = new MemoryJournalFiles();
    const clock = { ms: 1_796_000_000_000, nowNs: () => BigInt(clock.ms) * 1_000_000n, monotonicMs: () => 0 };
    const open = (from: MemoryJournalFiles, limits = RETAINED_DEFAULTS) =>
      KeptRetained.open('/retained', limits, {
        files: from,
        warn: () => undefined,
        onFailure: () => undefined,
        clock,
      });
    const retained = await open(files);
    retained.set('text', Buffer.from('x'), 1, { contentType: 'text/plain' });
    retained.set('short', Buffer.from('x'), 1, { expirySeconds: 10 });
    retained.set('plain', Buffer.from('x'), 1);
    await retained.companion?.commit();
    retained.set('text', Buffer.from('x'), 1, { contentType: 'text/plain' });
    expect(retained.companion?.hasPending).toBe(false);
    const again = await open(files.afterPowerCut(0, false), { ...RETAINED_DEFAULTS, maxMessages: 3 });
    expect(again.counters()).toEqual(retained.counters());
    expect([...again.matching('text')]).toEqual([...retained.matching('text')]);
    expect([...again.matching('short')][0]?.properties?.expiresAtMs).toBe(clock.ms + 10_000);
    clock.ms += 10_000;
    expect(all(again)).toEqual(['plain x 1', 'text x 1']);
    // It would be one too many, had the other not expired.
    again.set('new', Buffer.from('x'), 0);
    expect(again.counters()).toMatchObject({ messages: 3, refused: 0, expired: 1 });
    await again.close();
    await retained.close();
  });
});
