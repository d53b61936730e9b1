/** The topic of the last PUBLISH of a connection, which is not decoded and checked again when it comes again. */
export interface LastTopic {
  /** A copy. */
  readonly bytes: Buffer;
  readonly topic: string;
  /** True once its syntax was found to be accepted. */
  isChecked: boolean;
}
