const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Parses `500ms`, `10s`, `5min`, `1h` or `2d` to ms; returns undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|min|h|d)$/.exec(text);
  if (!parts) return undefined;
  return Number(parts[1]) * DURATION_UNITS_MS[parts[2]!]!;
}

/** Parses `1%` or `0.01` to a share of 1; returns undefined outside 0 to 1. */
export function parseShare(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  if (!parts) return undefined;
  const share = Number(parts[1]) / (parts[2] ? 100 : 1);
  return share <= 1 ? share : undefined;
}

/** Parses `0.1/s` or `0.1`; returns undefined for anything else. */
export function parsePerSecond(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(\/s)?$/.exec(text);
  return parts ? Number(parts[1]) : undefined;
}

/**
 * Parses an RFC 3339 time with a zone, or `-24h` before `nowMs`, to ms since 1970; returns undefined for anything else.
 */
export function parseInstantMs(text: string, nowMs: number): number | undefined {
  if (text.startsWith('-')) {
    const agoMs = parseDurationMs(text.slice(1));
    return agoMs === undefined ? undefined : nowMs - agoMs;
  }
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const instantMs = Date.parse(text);
  return Number.isNaN(instantMs) ? undefined : instantMs;
}
