import { describe, expect, it } from 'vitest';
import { DurableEndReader, DurableEndWriter, newDurableMemory } from '../../../src/stream/log/durable-end.js';

function setUp() {
  const memory = newDurableMemory();
  const writer = new DurableEndWriter(memory);
  const readers = [new DurableEndReader(memory), new DurableEndReader(memory)];
  let wakes = 0;
  writer.onMove(() => {
    wakes += 1;
    for (const reader of readers) reader.woken();
  });
  return { writer, readers, wakes: () => wakes };
}
const never = new AbortController().signal;

async function isDone(waiting: Promise<void>): Promise<boolean> {
  return Promise.race([waiting.then(() => true), new Promise<false>((r) => setImmediate(r, false))]);
}

describe('the durable end', () => {
  it('wakes no reader while none sleeps, and only for the sequence it waits for', async () => {
    const { writer, readers, wakes } = setUp();
    writer.move(5);
    expect(wakes()).toBe(0);
    const waiting = readers[0]!.wait(9, never);
    writer.move(7);
    writer.move(9);
    expect(wakes()).toBe(0);
    expect(await isDone(waiting)).toBe(false);
    writer.move(10);
    expect(await isDone(waiting)).toBe(true);
    writer.move(20);
    expect(wakes()).toBe(1);
  });

  it('wakes each of several readers at its own sequence', async () => {
    const { writer, readers } = setUp();
    const late = readers[0]!.wait(100, never);
    const early = readers[1]!.wait(10, never);
    writer.move(50);
    expect(await isDone(early)).toBe(true);
    expect(await isDone(late)).toBe(false);
    writer.move(101);
    expect(await isDone(late)).toBe(true);
  });

  it('ends a wait at once when the record is durable already or the wait is aborted, and after its timeout', async () => {
    const { writer, readers } = setUp();
    writer.move(5);
    expect(await isDone(readers[0]!.wait(4, never))).toBe(true);
    expect(await isDone(readers[0]!.wait(5, AbortSignal.abort()))).toBe(true);
    const abort = new AbortController();
    const waiting = readers[0]!.wait(5, abort.signal);
    abort.abort();
    expect(await isDone(waiting)).toBe(true);
    await readers[0]!.wait(5, never, 1);
    const after = readers[0]!.wait(5, never);
    writer.move(6);
    expect(await isDone(after)).toBe(true);
  });
});
