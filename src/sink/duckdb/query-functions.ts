/** Functions that may stand in FROM. All others are refused: most read files, settings or the network, or write. */
export const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'range',
  'generate_series',
  'unnest',
  'json_each',
  'json_tree',
]);

/** Functions of a value that are refused: they tell of the process and its settings, or change something. */
export const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([
  'getenv',
  'current_setting',
  'nextval',
  'currval',
  'setval',
  'set_config',
  'getvariable',
  'write_log',
  'json_execute_serialized_sql',
  'json_deserialize_sql',
  'sleep_ms',
  'pg_sleep',
]);

/**
 * Functions that make a value as large as a number says: one value can take all memory, DuckDB does not count it, and cannot
 * be interrupted meanwhile. So the numbers must be written down, and small.
 */
export const SIZED_FUNCTIONS: ReadonlySet<string> = new Set([
  'range',
  'generate_series',
  'repeat',
  'lpad',
  'rpad',
  'list_resize',
  'array_resize',
  'bitstring',
  'bar',
]);

/** The same, where a text has the number in it. */
export const FORMAT_FUNCTIONS: ReadonlySet<string> = new Set(['format', 'printf']);

/**
 * Limit of the product of all such numbers of a query, because one function can be given what another made. DuckDB makes 2,048
 * values at once.
 */
export const MAX_SIZE = 10_000;
