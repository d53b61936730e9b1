/** The part of the gateway's logger that the HTTP side needs. */
export interface HttpLogger {
  error(fields: object, sentence: string): void;
}
