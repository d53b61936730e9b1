import { readFileSync } from 'node:fs';
import { systemErrorCode } from './errors.js';

/** The process (EMFILE) or the machine (ENFILE) has no free file descriptor: it passes when others close theirs. */
export function isOutOfFiles(thrown: unknown): boolean {
  const code = systemErrorCode(thrown);
  return code === 'EMFILE' || code === 'ENFILE';
}

/** For Node, its threads, the log, checkpoints, parked records and the store. */
export const RESERVED_FILES = 64;
/** For the connections to Kinesis and DynamoDB. */
export const RESERVED_KINESIS_FILES = 64;
/** For readers of the page and the API, where there are enough files; otherwise they get an eighth of them. */
export const RESERVED_HTTP_FILES = 192;
/** A browser opens six connections, a scraper one or two. */
export const MAX_HTTP_CONNECTIONS = 256;
const HTTP_PART = 8;

/** What needs open files. */
export interface OpenFileNeeds {
  /** Connections that the MQTT listeners accept together. */
  readonly mqttConnections: number;
  readonly hasHttp: boolean;
  readonly hasKinesis: boolean;
}

/** How the files that the process may have open are divided. */
export interface OpenFileShares {
  /** At least 1, and at most as many as wanted. */
  readonly mqttConnections: number;
  readonly httpConnections: number;
  /** The limit with which nothing has to be cut. */
  readonly needed: number;
}

/** Divides a limit of open files: the gateway's own files come first, the MQTT connections get what is left. */
export function shareOpenFiles(limit: number, needs: OpenFileNeeds): OpenFileShares {
  const own = RESERVED_FILES + (needs.hasKinesis ? RESERVED_KINESIS_FILES : 0);
  const leastHttp = Math.max(1, Math.min(RESERVED_HTTP_FILES, Math.floor(limit / HTTP_PART)));
  const reserved = own + (needs.hasHttp ? leastHttp : 0);
  const mqttConnections = Math.max(1, Math.min(needs.mqttConnections, limit - reserved));
  return {
    mqttConnections,
    httpConnections: Math.min(MAX_HTTP_CONNECTIONS, Math.max(leastHttp, limit - own - mqttConnections)),
    needed: needs.mqttConnections + own + (needs.hasHttp ? RESERVED_HTTP_FILES : 0),
  };
}

/**
 * The number of files that this process may have open; `Infinity` when it is unlimited, `undefined` when the platform does
 * not report it.
 */
export function openFilesLimit(limitsFile = '/proc/self/limits'): number | undefined {
  let limits: string;
  try {
    limits = readFileSync(limitsFile, 'utf8');
  } catch {
    return undefined;
  }
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
