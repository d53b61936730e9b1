import { SluiceError } from '../../lib/errors.js';
import { nearestName } from '../../lib/nearest-name.js';
import { quoted } from '../../lib/printable.js';
import { folded } from './identifiers.js';
import {
  FORMAT_FUNCTIONS,
  MAX_SIZE,
  REFUSED_FUNCTIONS,
  SIZED_FUNCTIONS,
  TABLE_FUNCTIONS,
} from './query-functions.js';

const MAX_SHOWN_NAMES = 10;
const EXPECTED = 'expected one SELECT, DESCRIBE, SUMMARIZE or SHOW TABLES';
const NUMBER_TYPES = new Set(['INTEGER', 'BIGINT', 'SMALLINT', 'TINYINT', 'HUGEINT', 'UBIGINT', 'UINTEGER']);

/** A node of DuckDB's syntax tree, as `json_serialize_sql` writes it. */
type Node = Readonly<Record<string, unknown>>;

/** What `json_serialize_sql` returns for a text. */
export interface SerializedSql {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly statements?: readonly { readonly node: Node }[];
}

/** What there is to read. */
export interface QueryNames {
  /** The views and tables that a query may name. */
  readonly stored: readonly string[];
  /** The views of DuckDB itself, which tell of settings and files. */
  readonly internal: readonly string[];
}

/** The folded names that stand for something a query may read. */
interface Known {
  readonly stored: ReadonlySet<string>;
  /** Names that the query gives with WITH. */
  readonly own: ReadonlySet<string>;
}

/**
 * Throws QUERY_INVALID unless the text is one statement that only reads the views of measurements. DuckDB itself refuses
 * files, settings and changes too; this is what names them in a sentence, and what keeps values from taking all memory.
 *
 * @param sql the text, for the sentence
 */
export function checkQuery(sql: string, { error, ...read }: SerializedSql, names: QueryNames): void {
  if (error) throw refused(read.error_type === 'parser' ? (read.error_message ?? '') : otherStatement(sql));
  const { statements = [] } = read;
  if (statements.length !== 1) throw refused(`found ${statements.length} statements; ${EXPECTED}`);
  const nodes = nodesOf(statements[0]!.node);
  const internal = new Set(names.internal.map(folded));
  // Outside its WITH a name means something else: perhaps a view of DuckDB or, with a dot, a file.
  const own = nodes
    .flatMap(commonTableNames)
    .map(folded)
    .filter((name) => !internal.has(name) && !/[./\\:]/.test(name));
  const known: Known = { stored: new Set(names.stored.map(folded)), own: new Set(own) };
  // Functions in FROM give rows, one after the other: they are checked by name, and may be as large as they like.
  const inFrom = new Set(nodes.filter(({ type }) => type === 'TABLE_FUNCTION').map((node) => node.function));
  const sized = new Set<string>();
  let size = 1;
  for (const node of nodes) {
    checkNode(node, known, names.stored);
    if (node.class !== 'FUNCTION' || inFrom.has(node)) continue;
    const factor = checkFunction(node);
    if (factor > 1) sized.add(`${String(node.function_name)}()`);
    size *= factor;
  }
  if (size <= MAX_SIZE) return;
  throw refused(
    `found sizes of ${[...sized].join(', ')} with a product above ${MAX_SIZE}; expected smaller ones, or range in FROM`,
  );
}

/** All nodes of a tree. Not by recursion, which a deep tree would exhaust. */
function nodesOf(root: Node): Node[] {
  const found: Node[] = [];
  const left: unknown[] = [root];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one !== 'object' || one === null) continue;
    if (!Array.isArray(one)) found.push(one as Node);
    for (const value of Object.values(one)) left.push(value);
  }
  return found;
}

/** The names that a WITH gives. */
function commonTableNames({ cte_map: withs }: Node): string[] {
  const { map } = (withs ?? {}) as { readonly map?: readonly { readonly key: string }[] };
  return (map ?? []).map(({ key }) => key);
}

function checkNode(node: Node, known: Known, names: readonly string[]): void {
  if (node.type === 'BASE_TABLE') checkTable(node, known, names);
  if (node.type === 'SHOW_REF') checkShow(node);
  if (node.type === 'TABLE_FUNCTION') checkTableFunction(node);
  if (node.class === 'PARAMETER') throw refused('found a parameter; expected values in the text');
}

function checkTable(node: Node, { stored, own }: Known, names: readonly string[]): void {
  const { schema_name: schema, catalog_name: catalog, table_name: table } = node as Record<string, string>;
  const name = table ?? '';
  const isQualified = schema !== '' || catalog !== '';
  const isMain = catalog === '' && folded(schema ?? '') === 'main';
  if (stored.has(folded(name)) && (!isQualified || isMain)) return;
  if (own.has(folded(name)) && !isQualified) return;
  if (isQualified && !isMain) {
    throw refused(
      `found ${quoted(`${schema}.${name}`)}; expected a measurement, without a schema before its name`,
    );
  }
  const near = nearestName(name, names);
  const all = names.slice(0, MAX_SHOWN_NAMES).map(quoted).join(', ');
  const more = names.length > MAX_SHOWN_NAMES ? ', …' : '';
  const advice =
    near === undefined
      ? all === ''
        ? 'the store has none yet'
        : `there are ${all}${more}`
      : `did you mean ${quoted(near)}?`;
  throw refused(`found ${quoted(name)}; expected a measurement: ${advice}`);
}

function checkShow({ query, table_name: name, show_type: kind }: Node): void {
  if ((query !== null && query !== undefined) || name === '"tables"') return;
  throw refused(`found SHOW or DESCRIBE of ${quoted(String(name || kind))}; ${EXPECTED}`);
}

function checkTableFunction({ function: called }: Node): void {
  const { function_name: name, schema } = called as Record<string, string>;
  if (TABLE_FUNCTIONS.has(folded(name ?? '')) && schema === '') return;
  throw refused(
    `found ${quoted(`${name}()`)} in FROM; expected a measurement or one of ${[...TABLE_FUNCTIONS].join(', ')}`,
  );
}

/** Returns how many times larger than its text the function can make a value. */
function checkFunction(node: Node): number {
  const name = folded(String(node.function_name));
  if (REFUSED_FUNCTIONS.has(name)) throw refused(`found ${name}(), which a query may not call`);
  const values = (node.children ?? []) as readonly Node[];
  if (FORMAT_FUNCTIONS.has(name)) return checkFormat(name, values);
  return SIZED_FUNCTIONS.has(name) ? checkSizes(name, values) : 1;
}

/** The width in a format is a number of at most four digits, and no value decides it. */
function checkFormat(name: string, [format]: readonly Node[]): number {
  const text = constantOf(format);
  if (typeof text === 'string' && !/\d{5}|\*|\{[^{}]*\{/.test(text)) return 1;
  throw refused(`found ${name}() with a width above 9999, or with one that is not written down`);
}

function checkSizes(name: string, values: readonly Node[]): number {
  const sizes = name === 'range' || name === 'generate_series' ? values : values.slice(1);
  const counts = sizes
    .map(constantOf)
    .filter((value): value is number | undefined => typeof value !== 'string');
  let size = 1;
  for (const count of counts) {
    if (count === undefined) {
      throw refused(
        `found ${name}() of a value that is not written down; expected a number, or ${name} in FROM`,
      );
    }
    size *= Math.max(1, Math.abs(count));
  }
  return size;
}

/** The value of a constant, also of a negative one; undefined: it is none. */
function constantOf(node: Node | undefined): string | number | undefined {
  if (node?.class === 'FUNCTION' && node.function_name === '-' && node.is_operator === true) {
    const [operand, second] = node.children as readonly Node[];
    const value = constantOf(operand);
    return second === undefined && typeof value === 'number' ? -value : undefined;
  }
  if (node?.class !== 'CONSTANT') return undefined;
  const { type, value } = node.value as { readonly type: { readonly id: string }; readonly value?: unknown };
  if (type.id === 'VARCHAR') return String(value);
  return NUMBER_TYPES.has(type.id) ? Number(value) : undefined;
}

function otherStatement(sql: string): string {
  const [word = ''] = withoutComments(sql).match(/[a-z_]+/i) ?? [];
  const isRead = /^(select|with|from|values|table|describe|summarize|show)$/i.test(word);
  return `found ${isRead || word === '' ? 'a statement that is no SELECT' : word.toUpperCase()}; ${EXPECTED}`;
}

function withoutComments(sql: string): string {
  return sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
}

export function refused(found: string): SluiceError {
  return new SluiceError('QUERY_INVALID', `The query is refused: ${found}.`);
}
