import type { FieldType } from './point.js';

/** What an operator changes about a field of the store. Without `isConfirmed` no value is lost: it is only reported. */
export type FieldChange = RetypeField | DropField;

export interface RetypeField {
  readonly kind: 'retype';
  readonly measurement: string;
  readonly field: string;
  readonly type: FieldType;
  readonly isConfirmed: boolean;
}

export interface DropField {
  readonly kind: 'drop';
  readonly measurement: string;
  readonly field: string;
  readonly isConfirmed: boolean;
}

export interface FieldChangeResult {
  /** False: values would be lost, and nothing was changed. */
  readonly isDone: boolean;
  /** The type before the change. */
  readonly storedType: FieldType;
  /** How many values the field has. */
  readonly values: number;
  /** How many of them are lost by the change. */
  readonly lost: number;
  /** Some of those, as text. */
  readonly examples: readonly string[];
}
