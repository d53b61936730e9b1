import { errorText, systemErrorCode } from '../../errors.js';
import type { InfluxSettings } from '../../sink/influx/influx-options.js';

export interface InfluxPing {
  /** As the store says it; absent when it does not. */
  readonly version?: string;
  /** By its `Date` header, which has whole seconds, against the middle of the call. */
  readonly aheadMs?: number;
}

const HALF_SECOND_MS = 500;

/** GET /ping, which every version has. Any answer counts; without one resolves with the reason. */
export async function pingInflux(
  { url, authorization }: Pick<InfluxSettings, 'url' | 'authorization'>,
  limitMs: number,
): Promise<InfluxPing | { readonly silence: string }> {
  const beganMs = Date.now();
  try {
    const answer = await fetch(`${url.origin}${url.pathname.replace(/\/$/, '')}/ping`, {
      // A redirect is an answer; where it leads is not the store of the configuration.
      redirect: 'manual',
      signal: AbortSignal.timeout(limitMs),
      headers: authorization === undefined ? {} : { authorization },
    });
    const middleMs = (beganMs + Date.now()) / 2;
    await answer.body?.cancel();
    const version = answer.headers.get('x-influxdb-version');
    const dateMs = Date.parse(answer.headers.get('date') ?? '');
    return {
      ...(version === null ? {} : { version }),
      ...(Number.isNaN(dateMs) ? {} : { aheadMs: dateMs + HALF_SECOND_MS - middleMs }),
    };
  } catch (thrown) {
    return { silence: silenceText(thrown, limitMs) };
  }
}

function silenceText(thrown: unknown, limitMs: number): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError')
    return `no answer within ${limitMs / 1_000} s`;
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return systemErrorCode(cause) ?? errorText(cause ?? thrown);
}
