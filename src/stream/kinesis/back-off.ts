import type { BackOff } from '../../back-off.js';

/** A lane whose Kinesis record was throttled, failed or perhaps stored. */
export const LANE_BACK_OFF: BackOff = { baseMs: 100, capMs: 5_000 };

/** The whole stream, while it is missing, changing or denied. */
export const STREAM_BACK_OFF: BackOff = { baseMs: 500, capMs: 30_000 };
