import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Attribute, Row, RowChange, RowCondition } from './lease-rows.js';

/** Attributes under aliases (`#0`, `:0`): some of KCL's names are reserved words of DynamoDB. */
export class Expression {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, AttributeValue> = {};
  #next = 0;

  name(attribute: string): string {
    const alias = `#${this.#next++}`;
    this.names[alias] = attribute;
    return alias;
  }

  value(attribute: Attribute): string {
    const alias = `:${this.#next++}`;
    this.values[alias] = toDynamo(attribute);
    return alias;
  }

  condition(when: RowCondition): string {
    const terms = Object.entries(when).map(([name, is]) =>
      is === null ? `attribute_not_exists(${this.name(name)})` : `${this.name(name)} = ${this.value(is)}`,
    );
    return terms.join(' AND ');
  }

  update({ set, remove = [] }: RowChange): string {
    const assignments = Object.entries(set).map(([name, to]) => `${this.name(name)} = ${this.value(to)}`);
    const removals = remove.map((name) => this.name(name));
    const clauses = [`SET ${assignments.join(', ')}`];
    if (removals.length > 0) clauses.push(`REMOVE ${removals.join(', ')}`);
    return clauses.join(' ');
  }
}

export function toDynamo(value: Attribute): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  return { SS: [...value] };
}

/** Attributes of other types (KCL has some) are left out: they are nobody's business here. */
export function rowOfDynamo(attributes: Readonly<Record<string, AttributeValue>>): Row {
  const row: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value.S !== undefined) row[name] = value.S;
    else if (value.N !== undefined) row[name] = Number(value.N);
    else if (value.SS !== undefined) row[name] = value.SS;
  }
  return row;
}
