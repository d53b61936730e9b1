import type { FieldType, Point } from '../../sink/point.js';
import type { Mapped } from '../mapped.js';
import { conflictReason, type FieldConversion, type Fitted, type TypeConversion } from './field-types.js';

/** A field that has another type in the store, as far as the running gateway knows. */
export interface ExplainedType {
  readonly field: string;
  readonly type: FieldType;
  readonly storedType: FieldType;
  readonly outcome: TypeConversion | 'parked';
}

/** Many points of one message may have the same fields. */
const MAX_TYPES = 100;

/** Returns what the types of the store make of a record, for an explanation. */
export function fitMapped(
  mapped: Mapped,
  fitTypes: (point: Point) => Fitted,
): { readonly mapped: Mapped; readonly types: readonly ExplainedType[] } {
  if (mapped.kind === 'filtered' || mapped.points === undefined) return { mapped, types: [] };
  const points: Point[] = [];
  const types: ExplainedType[] = [];
  let reason: string | undefined;
  for (const point of mapped.points) {
    const fitted = fitTypes(point);
    if (fitted.kind === 'conflict') {
      reason ??= conflictReason(point.series.measurement, fitted.field, fitted.storedType);
      types.push(explained(fitted, 'parked'));
      continue;
    }
    points.push(fitted.point);
    types.push(...fitted.conversions.map((conversion) => explained(conversion, conversion.kind)));
  }
  if (types.length === 0) return { mapped, types };
  const listed = types.slice(0, MAX_TYPES);
  if (reason === undefined || mapped.kind === 'parked')
    return { mapped: { ...mapped, points }, types: listed };
  const { rule } = mapped;
  return { mapped: { kind: 'parked', rule, code: 'field-type-conflict', reason, points }, types: listed };
}

function explained(
  { field, storedType }: Pick<FieldConversion, 'field' | 'storedType'>,
  outcome: ExplainedType['outcome'],
): ExplainedType {
  return { field: field.name, type: field.type, storedType, outcome };
}
