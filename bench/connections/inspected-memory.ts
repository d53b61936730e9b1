import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';

/** The memory of a process, as it stands and once its garbage is collected. */
export interface Memory {
  /** Resident before the collection. */
  readonly standingBytes: number;
  /** Resident after it. */
  readonly rssBytes: number;
  /** Of that the objects of JavaScript; undefined for programs that are not Node. */
  readonly heapBytes?: number;
}

/** Where a process of Node that was started with `--inspect=127.0.0.1:0` says that it can be inspected. */
const INSPECTOR = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/;

/** Pages that V8 has emptied go back to the system a moment after a collection. */
const SETTLE_MS = 1_500;
const COLLECTIONS = 3;

/** `output`: what the process has printed; with the address of its inspector, its garbage is collected first. */
export async function settledMemory(pid: number, output: string): Promise<Memory> {
  const standingBytes = residentBytes(pid);
  const url = INSPECTOR.exec(output)?.[0];
  const heapBytes = url === undefined ? undefined : await collectGarbage(url);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { standingBytes, rssBytes: residentBytes(pid), ...(heapBytes !== undefined && { heapBytes }) };
}

/** Collects until nothing more is found, and resolves with what the heap uses then. */
async function collectGarbage(url: string): Promise<number> {
  const inspector = new WebSocket(url);
  await new Promise((resolve, reject) => {
    inspector.once('open', resolve);
    inspector.once('error', reject);
  });
  try {
    for (let at = 0; at < COLLECTIONS; at += 1) await call(inspector, 'HeapProfiler.collectGarbage');
    const { usedSize } = (await call(inspector, 'Runtime.getHeapUsage')) as { usedSize: number };
    return usedSize;
  } finally {
    inspector.close();
  }
}

let lastId = 0;

function call(inspector: WebSocket, method: string): Promise<unknown> {
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    inspector.once('close', () => reject(new Error('the process ended while its memory was measured')));
    const receive = (message: Buffer) => {
      const answer = JSON.parse(message.toString()) as { id?: number; result?: unknown; error?: object };
      if (answer.id !== id) return;
      inspector.off('message', receive);
      if (answer.error === undefined) resolve(answer.result);
      else reject(new Error(`${method}: ${JSON.stringify(answer.error)}`));
    };
    inspector.on('message', receive);
    inspector.send(JSON.stringify({ id, method }));
  });
}

function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return Number(kib) * 1024;
}
