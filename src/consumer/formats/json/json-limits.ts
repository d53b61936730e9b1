/** What a payload may cost before it is refused. */
export interface JsonLimits {
  readonly maxPayloadBytes: number;
  /** Levels of objects and arrays; a flat object has one. */
  readonly maxDepth: number;
  /** Keys of all objects of the payload together. */
  readonly maxKeys: number;
  /** UTF-16 units of one key. */
  readonly maxKeyLength: number;
}

export const DEFAULT_JSON_LIMITS: JsonLimits = {
  maxPayloadBytes: 65_536,
  maxDepth: 16,
  maxKeys: 1_000,
  maxKeyLength: 256,
};
