// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so
import { describe, expect, test } from 'vitest';
import { Findings } from '../../src/config/findings.js';
import { ConfigError, drawProblem, formatProblem, type KeyPath } from '../../src/config/problem.js';
import { readYaml } from '../../src/config/read-yaml.js';

/** A problem at the place of `mark` in the text at `path`. */
function problemAt(yaml: string, path: KeyPath, text: string, mark: string) {
  const source = readYaml(yaml, 'sluice.yaml', { X: 'payload.x' });
  expect(source.problems).toEqual([]);
  const findings = new Findings(source, []);
  findings.add([path], { got: '"…"', expected: 'a CEL condition', at: text.indexOf(mark) });
  return findings.problems[0]!;
}

const WHERE = ['rules', 0, 'where'];

describe('a problem at one character of a text', () => {
  test('has its line and column, and is drawn below one line that says it', () => {
    const text = 'payload.t > nope.x';
    const problem = problemAt(`rules:\n  - name: a\n    where: ${text}\n`, WHERE, text, 'nope');
    expect(formatProblem(problem)).toBe(
      'sluice.yaml:3:24: rules[0].where: got "…", expected a CEL condition',
    );
    expect(drawProblem(problem)).toBe(`${formatProblem(problem)}
    3 | where: payload.t > nope.x
      |                    ^`);
  });

  test('is found behind quotes and in the lines of a block', () => {
    const quotes = problemAt(`rules:\n  - where: 'a == ''x'' && nope'\n`, WHERE, "a == 'x' && nope", 'nope');
    expect([quotes.line, quotes.column]).toEqual([2, 27]);
    const block = problemAt(
      'rules:\n  - where: |\n      a > 1 &&\n        nope\n',
      WHERE,
      'a > 1 &&\n  nope',
      'nope',
    );
    expect([block.line, block.column]).toEqual([4, 9]);
    expect(drawProblem(block).split('\n').slice(1)).toEqual(['    4 |         nope', '      |         ^']);
  });

  test('is found in a text that stands for a section', () => {
    const yaml = 'rules:\n  - fields: { t: payload..t }\n';
    const problem = problemAt(yaml, ['rules', 0, 'fields', 't', 'path'], 'payload..t', '.t');
    expect(drawProblem(problem).split('\n').slice(1)).toEqual([
      '    2 | t: payload..t',
      '      |            ^',
    ]);
  });

  test('draws nothing of the line but its own key: the rest may be a secret', () => {
    const yaml = `{ rules: [{ where: "a && nope" }], sink: { influx: { token: hunter2 } } }`;
    expect(drawProblem(problemAt(yaml, WHERE, 'a && nope', 'nope'))).not.toContain('hunter2');
  });

  test('has only its line where a variable is in the text', () => {
    const problem = problemAt('rules:\n  - where: ${X} > nope\n', WHERE, 'payload.x > nope', 'nope');
    expect(problem.excerpt).toBeUndefined();
    expect([problem.line, problem.column]).toEqual([2, 5]);
  });

  test('draws one character of the terminal for one of the file, and a part of a long line', () => {
    const text = `"\u001b[31m${'x'.repeat(300)} nope"`;
    const [, line, caret] = drawProblem(
      problemAt(`rules:\n  - where: '${text}'\n`, WHERE, text, 'nope'),
    ).split('\n');
    expect(line).not.toContain('\u001b');
    expect(line!.length).toBeLessThan(120);
    expect(line!.slice(caret!.indexOf('^'))).toMatch(/^nope/);
  });
});

test('a message has one line a problem; a terminal gets the drawings, too', () => {
  const problem = problemAt('rules:\n  - where: a nope\n', WHERE, 'a nope', 'nope');
  const error = new ConfigError([problem, problem]);
  expect(error.message.split('\n')).toHaveLength(2);
  expect(error.terminalText.split('\n')).toHaveLength(6);
});
