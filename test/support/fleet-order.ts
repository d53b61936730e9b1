import type { RecordingStore } from './recording-store.js';

/** Reads the order in which the fleet of fleet-load.ts came to the store. */

const LINE = /^fleet,device=(\S+) seq=(\d+)/;

/** Every one of so many numbers has been stored at least once. */
export function isComplete({ lines }: RecordingStore, messages: number): boolean {
  return lines.length >= messages && new Set(lines.map((line) => LINE.exec(line)![0])).size === messages;
}

/** Devices of which a number was stored before a lower one had been. */
export function disorderOf({ lines }: RecordingStore): string[] {
  const next = new Map<string, number>();
  const disorder: string[] = [];
  for (const line of lines) {
    const [, device, digits] = LINE.exec(line)!;
    const seq = Number(digits);
    const expected = next.get(device!) ?? 0;
    if (seq > expected) disorder.push(`${device}: ${seq} before ${expected}`);
    if (seq === expected) next.set(device!, seq + 1);
  }
  return disorder;
}
