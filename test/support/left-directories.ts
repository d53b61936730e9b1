import { cpSync, linkSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StreamRecord } from '../../src/stream/stream.js';
import { LocalGateway } from './local-gateway.js';
import { MemorySink, unreachable } from './memory-sink.js';

/** How a gateway has left its data directory. `late`: killed when its checkpoint was older than what it had processed. */
export const HOW_LEFT = ['stopped', 'drained', 'killed', 'late'] as const;
export type HowLeft = (typeof HOW_LEFT)[number];

/** A data directory that a gateway has left, and what was put into it. */
export interface LeftDirectory {
  readonly root: string;
  readonly how: HowLeft;
  /** Records before it were processed, and the checkpoint says so. */
  readonly position: number;
  /** How many records the log has taken. Record `n` has the sequence `n`. */
  readonly end: number;
  /** Receive time as text → `n`. */
  readonly numbers: ReadonlyMap<string, number>;
}

/** What becomes of a record by the rules, in the order of `n`. */
export const KINDS = ['kept', 'ignored', 'later', 'again', 'noisy'] as const;
export type Kind = (typeof KINDS)[number];
export const kindOf = (n: number): Kind => KINDS[n % KINDS.length]!;

const KEPT = `
  - { name: kept, topic: +device/kept, measurement: m, fields: { n: payload.n } }
  - { name: ignored, topic: +device/ignored, measurement: m, where: "false" }`;
/** Takes `later`, and parks `again` for another reason. */
const NEWER = `${KEPT}
  - { name: later, topic: +device/later, measurement: m, fields: { n: { path: payload.n, type: float, range: [0, 9999] } } }`;
/** Everything fits but what is no JSON. */
export const NEWEST_RULES = `${NEWER.replace('9999', '99999')}`;

const AGAIN_OFFSET = 10_000;
/** `n` of a record, from the field of its point. */
export const numberOf = (field: number): number => field % AGAIN_OFFSET;

const FIRST = 100;
const SECOND = 30;
const THIRD = 30;

/** Record `n`, as a device sends it. */
export function recordOf(n: number, receivedAtNs: bigint): StreamRecord {
  const kind = kindOf(n);
  const json = { n: kind === 'again' ? AGAIN_OFFSET + n : n, pad: '' };
  // Parked records of the first part fill several files; the rest of the log is small.
  const bytes = n < FIRST && (kind === 'later' || kind === 'again') ? 6_000 : 300;
  if (kind === 'noisy') {
    const payload = Buffer.alloc(n < FIRST ? 12_000 : 300, `no json ${n};`);
    return { receivedAtNs, topic: 'x/kept', clientId: 'noisy', qos: 1, payload };
  }
  const topic = `d${n}/${kind === 'again' ? 'later' : kind}`;
  const payload = Buffer.from(JSON.stringify({ ...json, pad: 'x'.repeat(bytes) }));
  return { receivedAtNs, topic, clientId: `c${n}`, qos: 1, payload };
}

/** Runs gateways on a new directory below `parent`, one after the other, until there is every kind of file. */
export async function leftDirectory(parent: string, how: HowLeft): Promise<LeftDirectory> {
  const running = join(parent, `${how}-running`);
  const numbers = new Map<string, number>();
  const append = async (gateway: LocalGateway, from: number, to: number) => {
    for (let n = from; n < to; n += 1) {
      const receivedAtNs = gateway.nextTime();
      numbers.set(String(receivedAtNs), n);
      await gateway.append(recordOf(n, receivedAtNs));
    }
  };
  const idsOf = (kind: Kind, isWanted: (n: number) => boolean) =>
    [...numbers].filter(([, n]) => kindOf(n) === kind && isWanted(n)).map(([id]) => id);

  const first = await LocalGateway.start({ root: running, rules: KEPT, sink: new MemorySink() });
  await append(first, 0, FIRST);
  await first.processed(FIRST);
  await first.stop();

  const second = await LocalGateway.start({ root: running, rules: NEWER, sink: new MemorySink() });
  // The oldest parked file goes, and its journal with it.
  const isOld = (n: number) => n < 30;
  for (const kind of ['later', 'again', 'noisy'] as const)
    await second.replay({ kind: 'purge', selection: { ids: idsOf(kind, isOld) } });
  const isThird = (n: number) => !isOld(n) && n % 3 === 0;
  await second.replay({ kind: 'replay', selection: { ids: idsOf('later', isThird) } });
  await second.replay({ kind: 'replay', selection: { ids: idsOf('again', isThird) } });
  await second.replay({ kind: 'purge', selection: { ids: idsOf('noisy', isThird) } });
  await second.stop();

  const sink = new MemorySink();
  const third = await LocalGateway.start({
    root: running,
    rules: KEPT,
    sink,
    ...(how === 'late' ? { checkpointIntervalMs: 3_600_000 } : {}),
  });
  await append(third, FIRST, FIRST + SECOND);
  await third.processed(FIRST + SECOND, how !== 'late');
  if (how !== 'drained') sink.before = unreachable;
  await append(third, FIRST + SECOND, FIRST + SECOND + THIRD);
  if (how === 'drained') await third.processed(FIRST + SECOND + THIRD);

  const root = join(parent, how);
  const position = {
    stopped: FIRST + SECOND,
    drained: FIRST + SECOND + THIRD,
    killed: FIRST + SECOND,
    late: FIRST,
  };
  // What a killed process leaves is what is on the disk at that moment.
  if (how === 'killed' || how === 'late') copyDirectory(running, root);
  await third.stop(how === 'drained');
  if (how === 'stopped' || how === 'drained') copyDirectory(running, root);
  rmSync(running, { recursive: true });
  return { root, how, position: position[how], end: FIRST + SECOND + THIRD, numbers };
}

/** Copies a data directory, also the socket of its lock, which nobody answers once its process has closed it. */
export function copyDirectory(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(from)) {
    const path = join(from, name);
    if (lstatSync(path).isSocket()) linkSync(path, join(to, name));
    else cpSync(path, join(to, name), { recursive: true });
  }
}

/** The files of a data directory that can be damaged, as paths below it. A socket has no bytes. */
export function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => lstatSync(join(root, name)).isFile())
    .sort();
}
