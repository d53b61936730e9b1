import type { TypePolicy } from './field-types.js';

/** What keeps a store healthy: see docs/policies.md. */
export interface PolicyOptions {
  readonly type: TypePolicy;
}

export const DEFAULT_POLICIES: PolicyOptions = { type: { otherwise: 'park' } };
