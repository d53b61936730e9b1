import type { Point } from '../../../src/sink/sink.js';

export const CHILD_BATCH_POINTS: number;
export function childBatch(batch: number): Point[];
