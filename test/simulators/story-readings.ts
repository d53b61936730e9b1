import type { Scenario } from '../../simulators/scenario.js';

const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
/** An afternoon in the time zone of the test, when all of the story can be seen. */
export const STORY_MS = new Date(2026, 10, 30, 14, 32).getTime();

export interface Sent {
  readonly atMs: number;
  readonly text: string;
}

/** What one device sends from one time to another; none of it while it is silent. */
export function sentBy(
  scenario: Scenario,
  index: number,
  { fromMs, toMs, stepMs = MINUTE_MS }: { fromMs: number; toMs: number; stepMs?: number },
): readonly Sent[] {
  const device = scenario.device(index, { seed: 1, idPrefix: '', dayMs: DAY_MS, storyMs: STORY_MS });
  const sent: Sent[] = [];
  for (let atMs = fromMs; atMs <= toMs; atMs += stepMs) {
    if (device.isSilentAt?.(atMs, stepMs)) continue;
    // Neither the number of a reading nor the start of a run may matter.
    sent.push({ atMs, text: device.payload({ tick: sent.length, elapsedMs: 0, timestampMs: atMs, stepMs }) });
  }
  return sent;
}

/** The readings among them, without nonsense. */
export function readingsOf<Payload>(
  ...of: Parameters<typeof sentBy>
): readonly (Payload & { timestamp: number })[] {
  return sentBy(...of).flatMap(({ text }) => {
    try {
      return [JSON.parse(text)];
    } catch {
      // The story has texts that are not JSON.
      return [];
    }
  });
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
