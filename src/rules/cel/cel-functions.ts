import { type CelType, library } from './cel-value.js';

export interface Overload {
  readonly receiver: CelType | undefined;
  readonly parameters: readonly CelType[];
  readonly result: CelType;
}

/** Macros are compiled by compile-macro.ts; optional types are switched off; unsigned ints do not come from JSON. */
const OMITTED = /\bast\b|optional|Optional|CelNamespace|\buint\b/;

const TYPES: Readonly<Record<string, CelType>> = {
  bool: 'bool',
  int: 'int',
  double: 'double',
  string: 'string',
  bytes: 'bytes',
  list: 'list',
  map: 'map',
  null: 'null',
  type: 'type',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
};

/** `list<string>` → list; a type that we do not tell apart is dyn. */
function celType(name: string): CelType {
  return TYPES[name.replace(/<.*/, '')] ?? 'dyn';
}

const functions = new Map<string, Overload[]>();
const methods = new Map<string, Overload[]>();

for (const { signature, name, receiverType, params, returnType } of library.getDefinitions().functions) {
  if (OMITTED.test(signature)) continue;
  const table = receiverType === null ? functions : methods;
  const overload: Overload = {
    receiver: receiverType === null ? undefined : celType(receiverType),
    parameters: params.map(({ type }) => celType(type)),
    result: celType(returnType),
  };
  table.set(name, [...(table.get(name) ?? []), overload]);
}

/** The functions and methods of the library, as it declares them: `size(x)` and `x.size()` are both there. */
export const celFunctions: ReadonlyMap<string, readonly Overload[]> = functions;
export const celMethods: ReadonlyMap<string, readonly Overload[]> = methods;

/** Whether values of the static types may be given to an overload. */
export function accepts(
  overload: Overload,
  receiver: CelType | undefined,
  parameters: readonly CelType[],
): boolean {
  return (
    fits(overload.receiver, receiver) &&
    parameters.length === overload.parameters.length &&
    parameters.every((type, index) => fits(overload.parameters[index], type))
  );
}

function fits(wanted: CelType | undefined, given: CelType | undefined): boolean {
  return wanted === given || wanted === 'dyn' || given === 'dyn';
}
