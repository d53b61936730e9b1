import type { WarningCode } from '../../warnings.js';

/** What the sink warns of. */
export type StoreWarning = Extract<WarningCode, `STORE_${string}`>;
