import type { StreamRecord } from '../../stream/stream.js';
import type { JsonObject } from '../formats/json/json-value.js';

/** A record whose payload is decoded and whose topic a rule has matched. */
export interface Reading {
  readonly record: StreamRecord;
  readonly payload: JsonObject;
  /** Whether `payload` holds an ExactNumber somewhere. */
  readonly holdsExact: boolean;
  /** Topic levels by the names the rule's filter gives them. */
  readonly captures: Readonly<Record<string, string>>;
  /** Last topic level but one; the client id where the topic has none. */
  readonly device: string;
}
