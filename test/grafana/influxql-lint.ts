/** Functions that InfluxDB 1.8, 2 and 3 share, of those in use here. */
const FUNCTIONS = new Set(['mean', 'sum', 'count', 'min', 'max', 'last', 'non_negative_derivative', 'time']);

const IDENTIFIER = `"(?:[^"\\\\]|\\\\.)+"`;

const SHOW = new RegExp(
  `^SHOW (?:MEASUREMENTS|FIELD KEYS FROM ${IDENTIFIER}|TAG KEYS FROM ${IDENTIFIER}|TAG VALUES(?: FROM ${IDENTIFIER})? WITH KEY = ${IDENTIFIER})$`,
);

/** One measurement, a time filter behind all other conditions, then groups and fill. */
const SELECT = new RegExp(
  `^SELECT (.+) FROM ${IDENTIFIER} WHERE (.+ AND )?\\$timeFilter( GROUP BY (.+?))?( fill\\((?:null|none|0)\\))?$`,
);

/** What keeps a query from running on all three versions; nothing for a good one. */
export function influxqlProblems(query: string): string[] {
  if (query.startsWith('SHOW')) return SHOW.test(query) ? [] : [`not portable: ${query}`];
  const parts = SELECT.exec(query);
  if (parts === null) return [`not portable: ${query}`];
  const [, selected = '', , , groups = '', fill] = parts;
  const bare = query.replace(new RegExp(IDENTIFIER, 'g'), '').replace(/\/\^.*?\$\//g, '');
  const problems = [...bare.matchAll(/(\w+)\(/g)]
    .map(([, name]) => name!)
    .filter((name) => !FUNCTIONS.has(name) && name !== 'fill')
    .map((name) => `the function ${name} is not in all versions: ${query}`);
  if (/SLIMIT|SOFFSET|\bON\b|::|INTO|;/.test(bare)) problems.push(`not portable: ${query}`);
  const isOverTime = groups.startsWith('time($__interval)');
  if (isOverTime !== (fill !== undefined)) problems.push(`time() and fill() go together: ${query}`);
  if (/non_negative_derivative/.test(selected) && !/\(last\([^)]+\), 1s\)/.test(selected)) {
    problems.push(`a rate per second is of last(): ${query}`);
  }
  return problems;
}
