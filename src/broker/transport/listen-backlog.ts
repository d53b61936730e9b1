import { readFileSync } from 'node:fs';

/** Connections that the kernel completes before they are accepted: a fleet of some thousands comes back at once. */
export const LISTEN_BACKLOG = 4096;

/** The most that the kernel allows, whatever a program asks for; undefined on other systems than Linux. */
export function kernelBacklogLimit(file = '/proc/sys/net/core/somaxconn'): number | undefined {
  try {
    const limit = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(limit) && limit > 0 ? limit : undefined;
  } catch {
    return undefined;
  }
}
