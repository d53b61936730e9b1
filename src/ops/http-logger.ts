import type { WarningFields } from '../warnings.js';

/** The part of the gateway's logger that the HTTP side needs. */
export interface HttpLogger {
  error(fields: WarningFields, sentence: string): void;
}
