import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import mqttPacket from 'mqtt-packet';
import type { FuzzPlan } from './fuzz-plan.js';
import { reframed } from './mutate-frames.js';

/** A broker that has not closed a connection in this time after the client has ended it does not do so at all. */
const MAX_LIFE_MS = 60_000;
/** How long a connection waits for the answer to a first packet that was mutated: there may be none. */
const ANSWER_MS = 300;
/** Of what was read when the parser found a fault. */
const SHOWN_BYTES = 200;

/** What the broker has answered to one connection. */
export interface Played {
  /** `unknown`: the client has gone without reading. */
  readonly access: 'granted' | 'none' | 'unknown';
  readonly packets: number;
  /** What no broker may do. */
  readonly fault: string | undefined;
}

/** Plays the plan against the broker, and resolves when the connection is closed. */
export async function playConnection(host: string, port: number, plan: FuzzPlan): Promise<Played> {
  const answers = new Answers(plan);
  const socket = connect({ host, port, noDelay: true });
  let isClosed = false;
  let fault: string | undefined;
  const overdue = setTimeout(() => {
    fault = 'the broker does not close the connection';
    socket.destroy();
  }, MAX_LIFE_MS);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      isClosed = true;
      resolve();
    });
  });
  let wasReset = plan.isReset;
  // The system may drop what the broker has sent in front of its RST: a CONNACK to a CONNECT that was well formed.
  socket.on('error', () => {
    wasReset ||= plan.isFirstIntact;
  });
  socket.on('data', (bytes) => answers.read(bytes));
  const write = async (pieces: readonly Buffer[]) => {
    for (const piece of pieces) {
      if (isClosed) return;
      socket.write(piece);
      // A turn of the event loop later, so that the broker reads one without the next.
      if (pieces.length < 8) await setImmediate();
    }
  };
  await write(plan.opening);
  if (plan.isPatient) await answers.first(closed, plan.isFirstIntact ? MAX_LIFE_MS : ANSWER_MS);
  await write(plan.others);
  if (plan.isReset) socket.resetAndDestroy();
  else socket.end();
  await closed;
  clearTimeout(overdue);
  return {
    access: answers.isGranted ? 'granted' : wasReset ? 'unknown' : 'none',
    packets: answers.packets,
    fault: fault ?? answers.fault,
  };
}

/** Answers reads what the broker sends, and finds what is not MQTT. */
class Answers {
  isGranted = false;
  packets = 0;
  fault: string | undefined;
  readonly #parser: mqttPacket.Parser;
  #last: Buffer = Buffer.alloc(0);
  #isEnded = false;
  #onFirst: () => void = () => undefined;

  constructor({ isVersion5, maximumPacketBytes }: FuzzPlan) {
    this.#parser = mqttPacket.parser({ protocolVersion: isVersion5 ? 5 : 4 });
    this.#parser.on('error', (error: Error) => {
      const bytes = this.#last.toString('hex', 0, SHOWN_BYTES);
      this.fault ??= `the broker sent what is not MQTT: ${error.message}, in ${bytes}`;
    });
    this.#parser.on('packet', (packet) => {
      this.#take(packet, isVersion5);
      const bytes = reframed(0, Buffer.alloc(packet.length ?? 0)).length;
      if (bytes > maximumPacketBytes) this.fault ??= `${packet.cmd} of ${bytes} bytes [MQTT-3.1.2-24]`;
    });
  }

  #take(packet: mqttPacket.Packet, isVersion5: boolean): void {
    this.packets += 1;
    if (this.#isEnded) this.fault ??= `${packet.cmd} behind DISCONNECT`;
    if (packet.cmd === 'connack') {
      if (this.packets > 1) this.fault ??= 'a second CONNACK';
      this.isGranted = (isVersion5 ? packet.reasonCode : packet.returnCode) === 0;
      if (!this.isGranted && packet.sessionPresent)
        this.fault ??= 'a refusal with a session [MQTT-3.2.2-4] [MQTT5 MQTT-3.2.2-6]';
    } else if (!this.isGranted) {
      this.fault ??= `${packet.cmd} without CONNACK 0 in front of it [MQTT-3.2.0-1]`;
    } else if (packet.cmd === 'disconnect') {
      this.#isEnded = true;
      if (!isVersion5) this.fault ??= 'DISCONNECT from the broker before MQTT 5';
    } else if (packet.cmd === 'publish' && packet.properties?.topicAlias !== undefined) {
      this.fault ??= 'a topic alias, which this broker does not use';
    }
  }

  read(bytes: Buffer): void {
    this.#last = bytes;
    this.#parser.parse(bytes);
    this.#onFirst();
  }

  /** Resolves when anything was read, or the connection is closed, or the time is over. */
  async first(closed: Promise<void>, maxMs: number): Promise<void> {
    if (this.packets > 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, maxMs)));
    await Promise.race([closed, late, new Promise<void>((resolve) => (this.#onFirst = resolve))]);
    clearTimeout(timer);
  }
}
