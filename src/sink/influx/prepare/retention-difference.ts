import { storeDuration } from '../store-duration.js';

/** Says how long points are kept, and how long they should be; 0 is for ever. */
export function retentionDifference(keptMs: number, askedMs: number): string {
  return `it keeps points ${spanText(keptMs)}, and should keep them ${spanText(askedMs)}`;
}

function spanText(ms: number): string {
  return ms === 0 ? 'for ever' : `for ${storeDuration(ms)}`;
}
