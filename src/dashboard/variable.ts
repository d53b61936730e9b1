/** A list in the top row of the dashboard. */
export type VariableSpec = QueryVariable | ChoiceVariable;

/** Filled by a query. */
export interface QueryVariable {
  readonly name: string;
  readonly label: string;
  readonly query: string;
  /** Several values, and all; used as `=~ /^$name$/`. */
  readonly isMulti: boolean;
}

/** Fixed choices; the first is taken at the beginning. */
export interface ChoiceVariable {
  readonly name: string;
  readonly label: string;
  readonly choices: readonly { readonly text: string; readonly value: string }[];
}

/**
 * Named after its type: links carry variables, and one name for both types would carry the wrong source.
 * `uid`: chosen at the beginning; without it Grafana's default of that type.
 */
export function datasourceVariable(source: string, uid?: string): object {
  return {
    name: source,
    label: 'Data source',
    type: 'datasource',
    query: source,
    hide: 0,
    refresh: 1,
    ...(uid === undefined ? {} : { current: { text: uid, value: uid } }),
  };
}

export function variableJson(variable: VariableSpec, source: string): object {
  return 'choices' in variable ? choiceVariable(variable) : queryVariable(variable, source);
}

function choiceVariable({ name, label, choices }: ChoiceVariable): object {
  return {
    name,
    label,
    type: 'custom',
    query: choices.map(({ text, value }) => `${text} : ${value}`).join(', '),
    current: choices[0],
    options: choices.map((choice, at) => ({ ...choice, selected: at === 0 })),
    multi: false,
    includeAll: false,
  };
}

function queryVariable({ name, label, query, isMulti }: QueryVariable, source: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource: { type: source, uid: `\${${source}}` },
    query,
    definition: query,
    refresh: 2,
    sort: 1,
    multi: isMulti,
    includeAll: isMulti,
    // Without a value of its own, "all" would be a list of every device, in every query.
    ...(isMulti ? { allValue: '.*', current: { text: ['All'], value: ['$__all'] } } : {}),
  };
}
