import type { CheckResult } from './check-result.js';

export const STORE = 'store';

export interface StoreFinding {
  readonly result: CheckResult;
  /** How far the store's clock is ahead of ours; absent when it did not say. */
  readonly aheadMs?: number;
}
