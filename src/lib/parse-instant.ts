import { parseDuration } from './quantity.js';
import { parseRfc3339 } from './rfc3339.js';

/** A store keeps times as nanoseconds in 64 bits: until April 2262. */
const LAST_MS = Math.floor(Number((2n ** 63n - 1n) / 1_000_000n));
const EXPECTED = 'a time: 2026-03-08T21:04:50Z, 2026-03-08, an epoch in s, ms, us or ns, now, or now-24h';

export type ParsedInstant =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly problem: string };

/** Parses the time that a person or program asks about into whole ms since 1970: a part of a ms is cut. */
export function parseInstant(written: string, nowMs: number): ParsedInstant {
  const text = written.trim();
  if (/^\d{1,19}$/.test(text)) return within(epochMs(text));
  const [, sign, duration] = /^now(?:([+-])(.+))?$/.exec(text) ?? [];
  if (text === 'now') return within(nowMs);
  if (sign !== undefined) {
    const parsed = parseDuration(duration);
    if (!parsed.ok) return { ok: false, problem: `must be ${EXPECTED}; ${parsed.hint}` };
    return within(sign === '-' ? nowMs - parsed.value : nowMs + parsed.value);
  }
  // A space instead of the plus is what an address makes of it that was not escaped.
  const parsed = parseRfc3339(
    /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text.replace(/ (?=\d\d:\d\d$)/, '+'),
  );
  if (!parsed.ok) return { ok: false, problem: `must be ${EXPECTED}` };
  return within(Math.floor(Number(parsed.ns / 1_000n) / 1_000));
}

/** No store has points of the time before 1973, so that the unit is known by the size; ms where none of the others can be meant. */
function epochMs(digits: string): number {
  const size = Number(digits);
  if (size >= 1e17) return Number(BigInt(digits) / 1_000_000n);
  if (size >= 1e14) return Number(BigInt(digits) / 1_000n);
  return size >= 1e8 && size < 1e10 ? size * 1_000 : size;
}

function within(ms: number): ParsedInstant {
  if (ms >= 0 && ms <= LAST_MS) return { ok: true, ms };
  return { ok: false, problem: 'must be a time between 1970 and April 2262' };
}
