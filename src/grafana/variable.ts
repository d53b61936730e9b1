/** A dropdown at the top of the dashboard. */
export type VariableSpec = QueryVariable | ChoiceVariable;

/** A variable whose values come from a query. */
export interface QueryVariable {
  readonly name: string;
  readonly label: string;
  readonly query: string;
  /** Allows several values, and all of them; queries then use it as `=~ /^$name$/`. */
  readonly isMulti: boolean;
}

/** A variable with fixed choices; the first is selected at first. */
export interface ChoiceVariable {
  readonly name: string;
  readonly label: string;
  readonly choices: readonly { readonly text: string; readonly value: string }[];
}

/**
 * Returns the variable of the data source. It is named after its type because links carry variables: with one name
 * for both types, a link would carry the wrong source.
 *
 * @param uid data source that is selected at first; Grafana's default of this type when absent
 */
export function datasourceVariable(source: string, uid?: string): object {
  return {
    name: source,
    label: 'Data source',
    type: 'datasource',
    query: source,
    hide: 0,
    refresh: 1,
    current: uid === undefined ? undefined : { text: uid, value: uid },
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
    // Without an explicit value, "all" would put the list of every device into every query.
    ...(isMulti ? { allValue: '.*', current: { text: ['All'], value: ['$__all'] } } : {}),
  };
}
