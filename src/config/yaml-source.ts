import type { ConfigProblem, KeyPath, SourceExcerpt, SourceLocation } from './problem.js';

/** The file as plain values, with the location of each. */
export interface YamlSource {
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Variables in the file that are not set. */
  readonly unset: readonly UnsetVariable[];
  /** The keys that could not be read because of these problems. */
  readonly unreadable: readonly KeyPath[];
  /** Returns the location of a key, or of the nearest section around a key that is not written. */
  locationOf(path: KeyPath): SourceLocation;
  /** Returns a key as problems name it. */
  keyOf(path: KeyPath): string;
  /** Returns why a key that is written has no value. */
  hintOf(path: KeyPath): string | undefined;
  /** Returns the place of one character of a text; undefined where that cannot be known. */
  placeInText(path: KeyPath, at: number): PlaceInText | undefined;
  /** Returns the variables in a value, written as `${NAME}`. */
  variablesOf(path: KeyPath): readonly string[];
}

export interface UnsetVariable {
  readonly path: KeyPath;
  readonly problem: ConfigProblem;
}

export interface PlaceInText extends SourceLocation {
  readonly excerpt: SourceExcerpt;
}
