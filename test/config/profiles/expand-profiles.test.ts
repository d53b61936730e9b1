import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { configChanges, isApplicable } from '../../../src/config/config-changes.js';
import { type LoadedConfig, parseConfig } from '../../../src/config/load-config.js';
import { formatProblem } from '../../../src/config/problem.js';
import { tempDirectory } from '../../support/temp-directory.js';

const PLANT = `name: plant
title: A plant
description: Two rules.
source: https://example.org/plant
settings:
  prefix: { default: plant, description: First level of the topics. }
  zone: { default: UTC, description: Zone of the times. }
  groups: { default: [all], description: Names that are no devices. }
rules:
  - name: sensor
    topic: <prefix>/+device/sensor
    where: '!(topic.device in <groups>)'
    measurement: sensor
    time: { path: time, zone: <zone> }
    tags: { device: topic.device, title: 'pump {topic.device}' }
    fields:
      temperature: payload.t
      humidity: { path: payload.h, type: float }
  - name: status
    topic: <prefix>/+/status
    where: "false"
    measurement: ignored
`;

let folder = '';

beforeEach(() => {
  folder = tempDirectory();
  writeFileSync(join(folder, 'plant.yaml'), PLANT);
});

function parse(yaml: string, environment = {}) {
  return parseConfig(yaml, 'sluice.yaml', folder, environment);
}

function loaded(yaml: string, environment = {}): LoadedConfig {
  const parsed = parse(yaml, environment);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.loaded;
}

function rulesOf(yaml: string, environment = {}) {
  return loaded(yaml, environment).config.rules;
}

function problemsOf(yaml: string, environment = {}): string[] {
  const parsed = parse(yaml, environment);
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

const FIRST = 'rules:\n  - { name: first, topic: first, measurement: m }\n';
const LAST = '  - { name: last, topic: last, measurement: m }\n';

describe('a profile', () => {
  it('stands for its rules in its place, with its name before theirs', () => {
    const rules = rulesOf(`${FIRST}  - profile: ./plant.yaml\n${LAST}`);
    expect(rules.map(({ name }) => name)).toEqual(['first', 'plant/sensor', 'plant/status', 'last']);
    expect(rules[1]).toMatchObject({
      topic: 'plant/+device/sensor',
      where: '!(topic.device in ["all"])',
      time: { zone: 'UTC' },
      fields: { temperature: { path: 'payload.t' }, humidity: { path: 'payload.h', type: 'float' } },
    });
  });

  it('takes settings, also out of the environment', () => {
    const rules = rulesOf(
      `rules: [{ profile: plant.yaml, settings: { prefix: hall, zone: "\${ZONE}", groups: [x, y] } }]`,
      { ZONE: 'Europe/Berlin' },
    );
    expect(rules[0]).toMatchObject({
      topic: 'hall/+device/sensor',
      where: '!(topic.device in ["x","y"])',
      time: { zone: 'Europe/Berlin' },
    });
    expect(rules[1]).toMatchObject({ topic: 'hall/+/status' });
  });

  it('can be used twice with another name', () => {
    const rules = rulesOf(
      'rules: [{ profile: plant.yaml }, { profile: plant.yaml, name: hall, settings: { prefix: hall } }]',
    );
    expect(rules.map(({ name }) => name)).toEqual([
      'plant/sensor',
      'plant/status',
      'hall/sensor',
      'hall/status',
    ]);
  });

  it('is found beside the configuration, or in a folder', () => {
    mkdirSync(join(folder, 'profiles'));
    writeFileSync(join(folder, 'profiles', 'other.yml'), PLANT.replace('name: plant', 'name: other'));
    expect(rulesOf('rules: [{ profile: profiles/other.yml }]')[0]?.name).toBe('other/sensor');
    expect(rulesOf(`rules: [{ profile: '${join(folder, 'plant.yaml')}' }]`)[0]?.name).toBe('plant/sensor');
  });

  it('appears expanded in the effective configuration', () => {
    expect(loaded('rules: [{ profile: plant.yaml, omit: [status] }]').written.rules).toMatchObject([
      { name: 'plant/sensor', topic: 'plant/+device/sensor' },
    ]);
  });
});

describe('a reload', () => {
  it('applies what has changed in the use of a profile, and in its file', () => {
    const yaml = 'rules: [{ profile: plant.yaml }]';
    const started = loaded(yaml);
    const changesTo = (next: LoadedConfig) => configChanges({ started, applied: started }, next);
    expect(isApplicable(changesTo(loaded(yaml)))).toBe(false);
    expect(
      changesTo(loaded('rules: [{ profile: plant.yaml, settings: { zone: Asia/Tokyo } }]')),
    ).toMatchObject({
      rules: { changed: ['plant/sensor'], added: [], removed: [] },
      needRestart: [],
    });
    writeFileSync(join(folder, 'plant.yaml'), PLANT.replace('measurement: sensor', 'measurement: plant'));
    const next = changesTo(loaded('rules: [{ profile: plant.yaml, omit: [status] }]'));
    expect(next).toMatchObject({ rules: { changed: ['plant/sensor'], removed: ['plant/status'] } });
    expect(isApplicable(next)).toBe(true);
  });
});

describe('an override', () => {
  const sensor = (override: string) =>
    rulesOf(`rules: [{ profile: plant.yaml, override: { sensor: ${override} } }]`)[0]!;

  it('replaces a key, and merges tags, fields and time', () => {
    expect(
      sensor(
        '{ measurement: power, time: { otherwise: receive }, tags: { site: { value: north } }, fields: { humidity: { scale: 2 } } }',
      ),
    ).toMatchObject({
      measurement: 'power',
      time: { path: 'time', zone: 'UTC', otherwise: 'receive' },
      tags: { device: { path: 'topic.device' }, site: { value: 'north' } },
      fields: {
        temperature: { path: 'payload.t' },
        humidity: { path: 'payload.h', type: 'float', scale: 2 },
      },
    });
  });

  it('reads a short field as the section that it stands for', () => {
    expect(sensor('{ fields: { temperature: { type: int } } }').fields).toMatchObject({
      temperature: { path: 'payload.t', type: 'int' },
    });
  });

  it('reads a short text with braces as a template', () => {
    expect(sensor('{ tags: { title: { default: none } } }').tags).toMatchObject({
      title: { template: 'pump {topic.device}', default: 'none' },
    });
  });

  it('replaces the source of a field by another one', () => {
    expect(sensor('{ fields: { humidity: { cel: payload.h * 100.0 } } }').fields).toMatchObject({
      humidity: { cel: 'payload.h * 100.0', type: 'float' },
    });
    expect(sensor('{ fields: { humidity: payload.hum } }').fields).toMatchObject({
      humidity: { path: 'payload.hum' },
    });
  });

  it('removes what has no value', () => {
    const { fields, time, where } = sensor('{ where: null, time: ~, fields: { humidity: null } }');
    expect(fields).toEqual({ temperature: { path: 'payload.t' } });
    expect(time).toBeUndefined();
    expect(where).toBeUndefined();
  });
});

describe('rules that are left out', () => {
  it('are not there', () => {
    expect(rulesOf('rules: [{ profile: plant.yaml, omit: [sensor] }]').map(({ name }) => name)).toEqual([
      'plant/status',
    ]);
  });

  it('take the continue of the rule before with them', () => {
    writeFileSync(
      join(folder, 'two.yaml'),
      PLANT.replace('name: plant', 'name: two')
        .replace('    measurement: sensor', '    continue: true\n    measurement: sensor')
        .replace('<prefix>/+/status', '<prefix>/+device/sensor'),
    );
    const continues = (omit: string) =>
      rulesOf(`rules: [{ profile: two.yaml${omit} }]`).map((rule) => rule.continue);
    expect(continues('')).toEqual([true, undefined]);
    expect(continues(', omit: [status]')).toEqual([undefined]);
  });
});

describe('problems', () => {
  it.each([
    [
      '{ profile: tasmotta }',
      /^sluice\.yaml:1:11: rules\[0\]\.profile: got "tasmotta", expected a profile of `sluice profiles list` \(.*tasmota.*\), or a path; did you mean tasmota\?$/,
    ],
    ['{ profile: plant }', /write \.\/plant\.yaml for the file$/],
    [
      '{ profile: ./none.yaml }',
      /^sluice\.yaml:1:11: rules\[0\]\.profile: got ".\/none.yaml", expected a file that can be read; no file is at /,
    ],
    [
      '{ profile: plant.yaml, settings: { zoone: UTC } }',
      /^sluice\.yaml:1:44: rules\[0\]\.settings\.zoone: got "zoone", expected a setting of the profile: prefix, zone, groups; did you mean zone\?$/,
    ],
    [
      '{ profile: plant.yaml, settings: { zone: 1 } }',
      /rules\[0\]\.settings\.zone: got 1, expected a text, like the default$/,
    ],
    [
      '{ profile: plant.yaml, settings: { zone: { a: 1 } } }',
      /rules\[0\]\.settings\.zone: got a section, expected a text, a number, true or false, or a list of texts$/,
    ],
    [
      '{ profile: plant.yaml, settings: { zone: Mars/Base } }',
      /^sluice\.yaml:1:44: rules\[0\]\.settings\.zone: got "Mars\/Base", expected /,
    ],
    [
      '{ profile: plant.yaml, override: { sensr: { measurement: m } } }',
      /rules\[0\]\.override\.sensr: got "sensr", expected a rule of the profile: sensor, status; did you mean sensor\?$/,
    ],
    [
      '{ profile: plant.yaml, override: { sensor: 5 } }',
      /rules\[0\]\.override\.sensor: got 5, expected a section with keys of the rule$/,
    ],
    [
      '{ profile: plant.yaml, override: { sensor: { name: x } } }',
      /rules\[0\]\.override\.sensor\.name: got "x", expected no such key/,
    ],
    [
      '{ profile: plant.yaml, override: { sensor: { measurment: m } } }',
      /^sluice\.yaml:1:54: rules\[0\]\.override\.sensor\.measurment: got an unknown key.*did you mean "measurement"\?$/,
    ],
    [
      '{ profile: plant.yaml, override: { sensor: { fields: { temprature: null } } } }',
      /rules\[0\]\.override\.sensor\.fields\.temprature: got no value, expected a key of the rule in the profile, which this would remove; did you mean temperature\?$/,
    ],
    [
      '{ profile: plant.yaml, override: { sensor: { fields: { temperature: { type: real } } } } }',
      /^sluice\.yaml:1:79: rules\[0\]\.override\.sensor\.fields\.temperature\.type: got "real", expected one of/,
    ],
    [
      '{ profile: plant.yaml, override: { sensor: { fields: { temperature: topic.x } } } }',
      /^sluice\.yaml:1:\d+: rules\[0\]\.override\.sensor\.fields\.temperature\.path: got "topic\.x"/,
    ],
    [
      '{ profile: plant.yaml, override: { sensor: { topic: a/b, where: null, tags: { title: null } } } }',
      /^sluice\.yaml:1:\d+: rules\[0\]\.override\.sensor\.tags\.device\.path: got "topic\.device"/,
    ],
    [
      '{ profile: plant.yaml, override: { sensor: { measurement: null } } }',
      /rules\[0\]\.override\.sensor\.measurement: expected .*it is missing$/,
    ],
    [
      '{ profile: plant.yaml, omit: [statos] }',
      /rules\[0\]\.omit\[0\]: got "statos", expected a rule of the profile: sensor, status; did you mean status\?$/,
    ],
    ['{ profile: plant.yaml, omit: [status, sensor] }', /rules\[0\]\.omit: .*expected a rule that is left$/],
    [
      '{ profile: plant.yaml, topic: a/b }',
      /rules\[0\]\.topic: got an unknown key, expected the keys profile, name, settings, override, omit/,
    ],
    [
      '{ profil: plant.yaml, name: a, topic: b, measurement: m }',
      /rules\[0\]\.profil: got an unknown key, .*; did you mean "profile"\?$/,
    ],
    ['{ settings: { zone: UTC } }', /rules\[0\]\.profile: expected name, or path of a file; it is missing$/],
    [
      '{ profile: plant.yaml }, { profile: plant.yaml }',
      /^sluice\.yaml:1:\d+: rules\[1\]\.profile: got "plant\.yaml", expected a `name` of its own for its rules; rules\[0\] has the name plant$/,
    ],
    [
      '{ name: all, topic: "plant/#", measurement: m }, { profile: plant.yaml, override: { status: { fields: { x: topic.y } } } }',
      /rules\[1\]\.override\.status\.fields\.x\.path/,
    ],
  ])('%s', (uses, problem) => {
    expect(problemsOf(`rules: [${uses}]`)).toEqual([expect.stringMatching(problem)]);
  });

  it('name a path that is no file', () => {
    mkdirSync(join(folder, 'folder.yaml'));
    expect(problemsOf('rules: [{ profile: ./folder.yaml }]')).toEqual([
      expect.stringMatching(
        /^sluice\.yaml:1:11: .* expected a file that can be read; .*folder\.yaml is no file$/,
      ),
    ]);
  });

  it('name the file of the profile for a fault in it', () => {
    const broken = (from: string, to: string) => {
      writeFileSync(join(folder, 'broken.yaml'), PLANT.replace(from, to));
      return problemsOf('rules: [{ profile: ./broken.yaml, settings: { prefix: hall } }]');
    };
    expect(broken('type: float', 'type: real')).toEqual([
      expect.stringMatching(
        /^broken\.yaml:18:\d+: rules\[0\]\.fields\.humidity\.type: got "real", expected one of/,
      ),
    ]);
    expect(broken('payload.t', 'topic.t')).toEqual([
      expect.stringMatching(/^broken\.yaml:17:\d+: rules\[0\]\.fields\.temperature\.path: got "topic\.t"/),
    ]);
    expect(broken('zone: <zone>', 'zone: <zona>')).toEqual([
      expect.stringMatching(
        /^broken\.yaml:14:\d+: rules\[0\]\.time\.zone: got <zona>, expected a setting of the profile: prefix, zone, groups; did you mean <zone>\?$/,
      ),
    ]);
    expect(broken('title: A plant\n', '')).toEqual([
      expect.stringMatching(/^broken\.yaml.*title: expected text; it is missing$/),
    ]);
    expect(broken('title: A', 'titel: A')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^broken\.yaml:2:1: titel: got an unknown key.*did you mean "title"\?$/),
      ]),
    );
    writeFileSync(join(folder, 'broken.yaml'), '- no\n- profile');
    expect(problemsOf('rules: [{ profile: broken.yaml }]')).toEqual([
      'broken.yaml: expected a section with the keys name, title, description, source, settings and rules',
    ]);
    expect(broken('settings:', 'settings: {')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^broken\.yaml:/)]),
    );
  });

  it('do not quote the text of the profile where a setting makes it wrong', () => {
    writeFileSync(
      join(folder, 'limit.yaml'),
      PLANT.replace('name: plant', 'name: limit')
        .replace('default: [all]', 'default: \'["all"]\'')
        .replace('description: Names that', 'description: CEL of names that'),
    );
    const parsed = parse('rules: [{ profile: limit.yaml, settings: { groups: "[x" } }]');
    expect(parsed.ok ? [] : parsed.problems).toEqual([
      expect.objectContaining({ file: 'sluice.yaml', line: 1, column: 44, key: 'rules[0].settings.groups' }),
    ]);
    expect(parsed.ok ? [] : parsed.problems.map(({ excerpt }) => excerpt)).toEqual([undefined]);
  });

  it('leave the tables of a profile to the configuration', () => {
    writeFileSync(
      join(folder, 'sites.yaml'),
      PLANT.replace('name: plant', 'name: sites').replace(
        '{ device: topic.device,',
        '{ device: topic.device, site: { lookup: { table: sites, key: topic.device, column: site } },',
      ),
    );
    const table = 'consumer: { tables: { sites: { rows: { d1: { site: north } } } } }\n';
    expect(problemsOf(`${table}rules: [{ profile: sites.yaml }]`)).toEqual([]);
    expect(problemsOf('rules: [{ profile: sites.yaml }]')).toEqual([
      expect.stringMatching(
        /^sluice\.yaml:1:11: rules\[0\]\.profile\.sensor\.tags\.site\.lookup\.table: got "sites"/,
      ),
    ]);
  });

  it('report a part that cannot be read once, behind a profile too', () => {
    const own = `{ name: own, topic: "\${TOPIC}", measurement: m, tags: { t: topic.x } }`;
    expect(problemsOf(`rules: [{ profile: plant.yaml }, ${own}]`)).toEqual([
      expect.stringMatching(/rules\[1\]\.topic: got .*TOPIC/),
    ]);
  });

  it('keep the places of the rules behind a profile', () => {
    const yaml = `rules:\n  - profile: plant.yaml\n  - name: own\n    topic: own\n    measurement: m\n    fields: { t: topic.x }\n`;
    expect(problemsOf(yaml)).toEqual([
      expect.stringMatching(/^sluice\.yaml:6:\d+: rules\[1\]\.fields\.t\.path: got "topic\.x"/),
    ]);
    expect(problemsOf(yaml.replace('measurement: m', 'measurment: m'))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^sluice\.yaml:5:\d+: rules\[1\]\.measurment: got an unknown key/),
      ]),
    );
  });

  it('do not show the value of a variable, and report one that is not set once', () => {
    const yaml = `rules: [{ profile: plant.yaml, settings: { zone: "\${ZONE}" } }]`;
    expect(problemsOf(yaml, { ZONE: 'secret' }).join()).not.toContain('secret');
    expect(problemsOf(yaml, { ZONE: 'secret' })).toEqual([
      expect.stringMatching(/rules\[0\]\.settings\.zone/),
    ]);
    expect(problemsOf(yaml)).toEqual([expect.stringMatching(/rules\[0\]\.settings\.zone: got .*ZONE/)]);
  });

  it('warn of a rule of a profile that no record reaches', () => {
    const { warnings } = loaded(
      'rules:\n  - { name: all, topic: "plant/#", measurement: m }\n  - { profile: plant.yaml, omit: [status] }\n',
    );
    expect(warnings.map(formatProblem)).toEqual([
      expect.stringMatching(
        /^sluice\.yaml:3:7: rules\[1\]\.profile\.sensor\.topic: .*rules\[0\] is before it/,
      ),
    ]);
  });
});
