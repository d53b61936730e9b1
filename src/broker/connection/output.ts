import type { Duplex } from 'node:stream';

const ANSWER_BYTES = 4;
/** Answers of one turn for which there is room at first; most turns have one. */
const FIRST_ANSWERS = 8;
/** What is waiting is joined up to this size, so that it leaves in one write; larger packets are written on their own. */
const MAX_JOINED_BYTES = 64 * 1024;

/** What Output asks of its connection. */
export interface OutputOwner {
  readonly stream: Duplex;
  /** The client has stopped to read what it is sent, or reads again. */
  outputFull(isFull: boolean): void;
}

/**
 * Output collects what is sent to one client in a turn of the event loop and writes it at its end: a commit answers many
 * packets in one turn, and their PUBACKs leave in one write, in the order in which they were added [MQTT-4.6.0-2]. While
 * the client does not read, what is added waits here.
 */
export class Output {
  readonly #owner: OutputOwner;
  #packets: Buffer[] | undefined;
  #answers: Buffer | undefined;
  #answersLength = 0;
  #waitingBytes = 0;
  #isScheduled = false;
  #isFull = false;
  #isEnded = false;

  constructor(owner: OutputOwner) {
    this.#owner = owner;
  }

  /** The client does not read what was written. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Nothing is sent any more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Bytes that are not written yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Adds an acknowledgement: four bytes with the packet id at their end. */
  answer(firstByte: number, packetId: number): void {
    if (this.#isEnded) return;
    let answers = this.#answers;
    if (answers === undefined) {
      answers = Buffer.allocUnsafe(FIRST_ANSWERS * ANSWER_BYTES);
    } else if (this.#answersLength === answers.length) {
      answers = Buffer.concat([answers], answers.length * 2);
    }
    this.#answers = answers;
    const at = this.#answersLength;
    answers[at] = firstByte;
    answers[at + 1] = 2;
    answers[at + 2] = packetId >> 8;
    answers[at + 3] = packetId & 0xff;
    this.#answersLength = at + ANSWER_BYTES;
    this.#added(ANSWER_BYTES);
  }

  /** Adds whole packets. Their bytes must not change afterwards. */
  write(packets: Buffer): void {
    if (this.#isEnded) return;
    this.#closeAnswers();
    this.#packets ??= [];
    this.#packets.push(packets);
    this.#added(packets.length);
  }

  /** Writes what waits; what is added from now on is not sent. */
  end(): void {
    this.flush();
    this.#isEnded = true;
  }

  /** Writes what waits; nothing while the client does not read. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#isFull || this.#waitingBytes === 0) return;
    this.#closeAnswers();
    const packets = this.#packets ?? [];
    this.#packets = undefined;
    const bytes = this.#waitingBytes;
    this.#waitingBytes = 0;
    const { stream } = this.#owner;
    if (stream.destroyed || stream.writableEnded) return;
    if (writeAll(stream, packets, bytes)) return;
    this.#isFull = true;
    this.#owner.outputFull(true);
    stream.once('drain', () => this.#drained());
  }

  #added(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#isScheduled || this.#isFull) return;
    this.#isScheduled = true;
    schedule(this);
  }

  #closeAnswers(): void {
    const answers = this.#answers;
    if (answers === undefined) return;
    this.#packets ??= [];
    this.#packets.push(answers.subarray(0, this.#answersLength));
    this.#answers = undefined;
    this.#answersLength = 0;
  }

  #drained(): void {
    this.#isFull = false;
    this.flush();
    if (!this.#isFull) this.#owner.outputFull(false);
  }
}

/** Returns false when the stream wants no more for now. */
function writeAll(stream: Duplex, packets: readonly Buffer[], bytes: number): boolean {
  const [first] = packets;
  if (packets.length === 1) return stream.write(first);
  if (bytes <= MAX_JOINED_BYTES) return stream.write(Buffer.concat(packets, bytes));
  let isTaken = true;
  stream.cork();
  for (const packet of packets) isTaken = stream.write(packet);
  stream.uncork();
  return isTaken;
}

/** The outputs that have something to write at the end of this turn. */
let scheduled: Output[] = [];

function schedule(output: Output): void {
  scheduled.push(output);
  if (scheduled.length === 1) process.nextTick(flushScheduled);
}

function flushScheduled(): void {
  const outputs = scheduled;
  scheduled = [];
  for (const output of outputs) output.flush();
}
