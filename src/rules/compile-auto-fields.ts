import { AutoFields, type Omitted } from './auto-fields.js';
import { compileFieldNames } from './field-names.js';
import type { NameBudget } from './name-budget.js';
import type { Path } from './path.js';
import type { Getter, Origin, Place } from './reference.js';
import type { AutoFieldsOptions } from './rule-options.js';
import type { ProblemList } from './rule-problem.js';
import { compileSource, type SourceNames } from './source.js';

interface AutoFieldsContext {
  readonly names: SourceNames;
  /** The variable of the innermost `each`; absent without it. */
  readonly element: string | undefined;
  /** What the rest of the rule uses: none of it becomes a field as well. */
  readonly usedPlaces: readonly Place[];
  /** Names that are taken: those of tags and of named fields. */
  readonly takenNames: ReadonlySet<string>;
  readonly isTimeAuto: boolean;
  readonly budget: NameBudget;
}

interface Base {
  readonly get: Getter;
  readonly origin: Origin;
  /** Unknown when there are several. */
  readonly place: Place | undefined;
}

/** Compiles the fields that are found in the message; undefined, and a problem in `list`, when their place cannot be read. */
export function compileAutoFields(
  options: AutoFieldsOptions,
  context: AutoFieldsContext,
  list: ProblemList,
): AutoFields | undefined {
  const { names, element, usedPlaces, takenNames, isTimeAuto, budget } = context;
  const base = compileBase(options.from, names, element, list);
  if (base === undefined) return undefined;
  const omitted: Omitted = new Map();
  for (const used of usedPlaces) {
    const inside = base.place && pathBelow(base.place, used);
    if (inside !== undefined) omit(omitted, inside);
  }
  const naming = compileFieldNames(options);
  return new AutoFields({
    get: base.get,
    origin: base.origin,
    omitted,
    takenNames,
    omitsTime: isTimeAuto && options.from === undefined,
    ...(naming !== undefined && { naming }),
    ...(options.texts === true && { texts: true }),
    bareName: element === undefined ? lastTopicLevel : () => 'value',
    bareNames: budget,
  });
}

function compileBase(
  from: AutoFieldsOptions['from'],
  names: SourceNames,
  element: string | undefined,
  list: ProblemList,
): Base | undefined {
  if (from !== undefined) {
    const path = ['autoFields', 'from'];
    const source = compileSource({ path: from }, { path, isPayloadPath: true }, names, list);
    if (source === undefined) return undefined;
    const [place, other] = source.places;
    return { get: source.get, origin: source.origin, place: other === undefined ? place : undefined };
  }
  if (element === undefined) {
    const place = { base: 'payload', path: [] };
    return { get: ({ payload }) => payload, origin: () => 'payload', place };
  }
  const place = { base: element, path: [] };
  return { get: ({ variables }) => variables?.[element], origin: () => element, place };
}

function lastTopicLevel({ record }: { readonly record: { readonly topic: string } }): string {
  return record.topic.slice(record.topic.lastIndexOf('/') + 1);
}

/** The steps from one place to another inside of it. */
function pathBelow(outer: Place, inner: Place): Path | undefined {
  if (outer.base !== inner.base || inner.path.length <= outer.path.length) return undefined;
  const isInside = outer.path.every((step, index) => step === inner.path[index]);
  return isInside ? inner.path.slice(outer.path.length) : undefined;
}

function omit(omitted: Omitted, path: Path): void {
  let level = omitted;
  for (const [index, step] of path.entries()) {
    // `auto` omits arrays anyway, and what a variable names is not known beforehand.
    if (typeof step !== 'string') return;
    const known = level.get(step);
    if (known === true) return;
    if (index === path.length - 1) {
      level.set(step, true);
      return;
    }
    const next: Omitted = known ?? new Map();
    level.set(step, next);
    level = next;
  }
}
