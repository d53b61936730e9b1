import { Duplex } from 'node:stream';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { Output } from '../../../src/broker/connection/output.js';
import { connack } from '../../../src/broker/protocol/encode-packets.js';
import { FIRST_BYTES } from '../../../src/broker/protocol/packets.js';

/** A stream that keeps what it is given, and takes it only when it is told to. */
class HeldStream extends Duplex {
  readonly writes: Buffer[] = [];
  isHeld = false;
  #done: (() => void) | undefined;

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(bytes);
    if (this.isHeld) this.#done = done;
    else done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done);
  }

  letGo(): void {
    this.isHeld = false;
    this.#done?.();
  }
}

function start() {
  const stream = new HeldStream();
  const changes: boolean[] = [];
  const output = new Output({ stream, outputFull: (isFull) => changes.push(isFull) });
  return { stream, output, changes };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

function read(bytes: readonly Buffer[]): string[] {
  const found: string[] = [];
  const parser = mqttPacket.parser();
  parser.on('packet', (packet) =>
    found.push(
      packet.cmd === 'publish'
        ? `${packet.topic} ${packet.payload}`
        : `${packet.cmd} ${packet.messageId ?? ''}`,
    ),
  );
  parser.parse(Buffer.concat(bytes));
  return found;
}

const deliver = (output: Output, topic: string, payload: string | Buffer) =>
  output.deliver(Buffer.from(topic), Buffer.from(payload), 1, 7, false, false);

describe('what is sent to a client', () => {
  it('leaves in the order in which it was added, in one write', async () => {
    const { stream, output } = start();
    output.write(connack(false, 0));
    output.answer(FIRST_BYTES.puback, 1);
    deliver(output, 'a', 'x');
    output.answer(FIRST_BYTES.puback, 2);
    await turn();
    expect(stream.writes).toHaveLength(1);
    expect(read(stream.writes)).toEqual(['connack ', 'puback 1', 'a x', 'puback 2']);
  });

  it('waits for all sockets when it is deliveries only', async () => {
    const { stream, output } = start();
    deliver(output, 'a', '1');
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(stream.writes).toHaveLength(0);
    deliver(output, 'a', '2');
    await turn();
    expect(stream.writes).toHaveLength(1);
    expect(read(stream.writes)).toEqual(['a 1', 'a 2']);
  });

  it('is a copy of topic and payload', async () => {
    const { stream, output } = start();
    const topic = Buffer.from('abc');
    const payload = Buffer.from('xyz');
    output.deliver(topic, payload, 0, 0, true, false);
    topic.fill('-');
    payload.fill('-');
    await turn();
    expect(read(stream.writes)).toEqual(['abc xyz']);
  });

  it.each([1, 100, 5_000, 100_000])('is whole with payloads of up to %i bytes', async (largest) => {
    const { stream, output } = start();
    const expected: string[] = [];
    for (let i = 0; i < 600; i += 1) {
      const payload = String(i).padEnd(1 + ((i * 7_919) % largest), '.');
      deliver(output, `t/${i}`, payload);
      expected.push(`t/${i} ${payload}`);
      if (i % 50 === 0) await turn();
    }
    await turn();
    expect(read(stream.writes)).toEqual(expected);
  });

  it('never waits in such an amount that the client itself would not be read', () => {
    const { output } = start();
    for (let i = 0; i < 2_000; i += 1) {
      deliver(output, 'a', 'x'.repeat(100));
      expect(output.waitingBytes).toBeLessThan(64 * 1024);
    }
  });

  it('is not overwritten while the stream holds it', async () => {
    const { stream, output, changes } = start();
    stream.isHeld = true;
    const expected: string[] = [];
    for (let i = 0; i < 400; i += 1) {
      deliver(output, 'first', `${i}`.padEnd(100));
      expected.push(`first ${`${i}`.padEnd(100)}`);
    }
    await turn();
    expect(output.isFull).toBe(true);
    // Another client fills chunks meanwhile.
    const other = start();
    for (let i = 0; i < 2_000; i += 1) deliver(other.output, 'other', 'y'.repeat(100));
    await turn();
    stream.letGo();
    await turn();
    expect(read(stream.writes)).toEqual(expected);
    expect(changes).toEqual([true, false]);
  });

  it('is nothing behind the end', async () => {
    const { stream, output } = start();
    output.answer(FIRST_BYTES.puback, 1);
    output.end();
    output.answer(FIRST_BYTES.puback, 2);
    output.write(connack(false, 0));
    deliver(output, 'a', 'x');
    await turn();
    expect(read(stream.writes)).toEqual(['puback 1']);
  });
});
