import { readFileSync } from 'node:fs';

/** How many connections the kernel lets wait, whatever a program asks for; undefined on other systems than Linux. */
export function kernelBacklogLimit(file = '/proc/sys/net/core/somaxconn'): number | undefined {
  try {
    const limit = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(limit) && limit > 0 ? limit : undefined;
  } catch {
    return undefined;
  }
}
