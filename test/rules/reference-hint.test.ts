import { expect, test } from 'vitest';
import { compileReference } from '../../src/rules/reference.js';
import { compileTemplate } from '../../src/rules/template.js';

const NAMES = { captureNames: ['site', 'device'], variables: [] };

test.each<[string, string | undefined]>([
  ['temperature', 'values of the payload are written payload.temperature'],
  ['paylod.t', 'did you mean payload.t?'],
  ['payloads[0].t', 'did you mean payload[0].t?'],
  ['topic.devise', 'did you mean topic.device?'],
  ['topic.floor', undefined],
  ['element.t', 'a rule has an element only with each'],
  ['index', 'a rule has an element, and its index, only with each'],
  ['$.data.t', 'write payload.data.t'],
  ['payload.list[*].t', 'each makes a point of every element of a list'],
  ['payload.list[].t', 'each makes a point of every element of a list'],
  ['payload.list.*.t', 'each makes a point of every element of a list'],
  ['payload.t * 2', "a calculation is written { cel: 'payload.t * 2' }"],
  ["payload.s == 'a'", "a calculation is written { cel: 'payload.s == ''a''' }"],
  ['topic.site}-x', 'a reference in a text is written {…}'],
  ['{topic.site', 'a reference in a text is written {…}'],
  ['', undefined],
])('%j is answered with %j', (text, hint) => {
  const compiled = compileReference(text, NAMES);
  if (compiled.ok) expect.fail(`${text} is read as a reference`);
  expect(compiled.hint).toBe(hint);
});

test.each<[string, string]>([
  ['senser.t', 'did you mean sensor.t?'],
  ['element.t', 'each of the rule gives its element another name'],
])('%j is answered with the names of each: %j', (text, hint) => {
  const compiled = compileReference(text, { ...NAMES, variables: ['sensor', 'key', 'index'] });
  expect(compiled).toMatchObject({ ok: false, hint });
});

test('a key in quotes may have a brace, a blank or a star', () => {
  for (const text of ['payload["a}b"]', 'payload["a * b"]', 'payload["*"]']) {
    expect(compileReference(text, NAMES).ok, text).toBe(true);
  }
});

test('a template answers for its references, and names empty braces', () => {
  expect(compileTemplate('x-{topic.sit}', NAMES)).toMatchObject({ at: 9, hint: 'did you mean topic.site?' });
  expect(compileTemplate('x-{}', NAMES)).toMatchObject({ at: 3, problem: 'it is empty' });
});
