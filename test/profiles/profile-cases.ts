import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { encodeSparkplug, type TestPayload } from '../formats/sparkplug/encode-sparkplug.js';

/** The cases of a profile, in test/profiles/<name>.yaml. The messages came at 2026-03-08T20:05:12.5Z. */
export interface Cases {
  /** Keys beside `profile` in the configuration. */
  readonly use?: Readonly<Record<string, unknown>>;
  readonly cases: readonly Case[];
}

export interface Message {
  readonly topic: string;
  readonly payload?: string;
  /** Bytes in base64, in place of the payload. */
  readonly payloadBase64?: string;
  /** A payload of Sparkplug B, which is encoded here; 64-bit integers are plain numbers. */
  readonly sparkplug?: TestPayload;
}

export interface Case extends Message {
  readonly what: string;
  /** Messages before it. */
  readonly after?: readonly Message[];
  /** Keys for this case alone. */
  readonly use?: Readonly<Record<string, unknown>>;
  /** The lines that reach InfluxDB, or the outcome in words. */
  readonly lines?: readonly string[];
  readonly outcome?: string;
}

const FOLDER = import.meta.dirname;

export function casesOf(profile: string): Cases {
  return parse(readFileSync(join(FOLDER, `${profile}.yaml`), 'utf8')) as Cases;
}

export function bytesOf({ payload, payloadBase64, sparkplug }: Message): Buffer {
  if (sparkplug !== undefined) {
    const metrics = sparkplug.metrics?.map((metric) => ({
      ...metric,
      ...(metric.long !== undefined && { long: BigInt(metric.long) }),
    }));
    return encodeSparkplug({ ...sparkplug, metrics });
  }
  return payload === undefined ? Buffer.from(payloadBase64!, 'base64') : Buffer.from(payload);
}
