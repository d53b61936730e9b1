/** What the sink warns of. */
export type WarningCode =
  | 'STORE_UNAVAILABLE'
  | 'STORE_UNEXPECTED'
  | 'STORE_CONFIGURATION'
  | 'STORE_REFUSES_EVERYTHING'
  | 'STORE_REFUSES_MANY';
