import { AutoTags } from './auto-tags.js';
import { compileFieldNames } from './field-names.js';
import type { NameBudget } from './name-budget.js';
import type { AutoTagsOptions } from './rule-options.js';
import type { ProblemList } from './rule-problem.js';
import { compileSource, type Source, type SourceNames } from './source.js';

/** The tags that are found in a message, and the source that they come from. */
interface CompiledAutoTags {
  readonly autoTags: AutoTags;
  readonly source: Source;
}

/** Compiles them; undefined, and a problem in `list`, when their place cannot be read. */
export function compileAutoTags(
  options: AutoTagsOptions,
  takenNames: ReadonlySet<string>,
  budget: NameBudget,
  names: SourceNames,
  list: ProblemList,
): CompiledAutoTags | undefined {
  const place = { path: ['autoTags', 'from'], isPayloadPath: true };
  const source = compileSource({ path: options.from }, place, names, list);
  if (source === undefined) return undefined;
  const naming = compileFieldNames(options);
  const autoTags = new AutoTags({
    get: source.get,
    origin: source.origin,
    takenNames,
    names: budget,
    ...(naming !== undefined && { naming }),
  });
  return { autoTags, source };
}
