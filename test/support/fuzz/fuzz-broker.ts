import { fuzzPlan } from './fuzz-plan.js';
import { playConnection } from './play-connection.js';
import type { Credentials } from './seed-frames.js';
import { SteadyPair } from './steady-pair.js';

const CONCURRENT = 200;
/** The steady client publishes once for so many connections. */
const STEADY_EVERY = 4;
const MAX_FAULTS = 20;
/** Between them, the memory of the broker can be compared. */
const PARTS = 4;

export interface FuzzRun {
  readonly host: string;
  readonly port: number;
  readonly seed: number;
  /** Ends after at least so many mutated frames. */
  readonly frames: number;
  /** Where the broker asks for them: the fuzzer's own, and those of the steady clients. */
  readonly credentials?: { readonly fuzzer: Credentials; readonly steady: Credentials };
  /** Called after each part of the frames, while nothing is connected but the steady clients. */
  readonly onPart?: (part: number) => void | Promise<void>;
}

export interface FuzzResult {
  readonly connections: number;
  readonly mutatedFrames: number;
  /** Connections that got CONNACK 0. */
  readonly granted: number;
  /** Those of them that speak MQTT 5. */
  readonly grantedVersion5: number;
  /** Packets that the broker sent to fuzzed connections. */
  readonly answers: number;
  readonly steadyMessages: number;
  /** Whether nothing of a connection may be stored: it never got CONNACK 0. */
  isOutside(connection: number): boolean;
  /** What no broker may do, with the number of the connection. */
  readonly faults: readonly string[];
}

/** Sends mutated frames to a broker over many connections, beside two clients that do nothing wrong. */
export async function fuzzBroker(run: FuzzRun): Promise<FuzzResult> {
  const { host, port, seed, frames, credentials } = run;
  const steady = await SteadyPair.connect(`mqtt://${host}:${port}`, credentials?.steady);
  const outside: boolean[] = [];
  const faults: string[] = [];
  const sums = { connections: 0, mutatedFrames: 0, granted: 0, grantedVersion5: 0, answers: 0 };

  const playUntil = async (frameTarget: number) => {
    while (sums.mutatedFrames < frameTarget && faults.length < MAX_FAULTS) {
      const connection = sums.connections;
      sums.connections += 1;
      const plan = fuzzPlan(seed, connection, credentials?.fuzzer);
      sums.mutatedFrames += plan.mutatedFrames;
      const { access, packets, fault } = await playConnection(host, port, plan);
      outside[connection] = access === 'none' || (access === 'unknown' && plan.isWithoutConnect);
      if (access === 'granted') sums.granted += 1;
      if (access === 'granted' && plan.isVersion5) sums.grantedVersion5 += 1;
      if (access === 'granted' && plan.isWithoutConnect)
        faults.push(`${connection}: CONNACK 0 without CONNECT`);
      sums.answers += packets;
      if (fault !== undefined) faults.push(`connection ${connection}: ${fault}`);
      if (connection % STEADY_EVERY === 0) await steady.publish();
    }
  };

  for (let part = 1; part <= PARTS; part += 1) {
    await Promise.all(Array.from({ length: CONCURRENT }, () => playUntil((frames * part) / PARTS)));
    await steady.publish();
    await run.onPart?.(part);
  }
  const steadyMessages = steady.published;
  faults.push(...(await steady.end()));
  return { ...sums, steadyMessages, faults, isOutside: (connection) => outside[connection] ?? true };
}
