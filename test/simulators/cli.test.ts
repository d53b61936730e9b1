import { describe, expect, it } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { runCli } from '../../simulators/cli.js';
import { distinct, tinyBroker } from './tiny-broker.js';

async function simulate(args: string, env: NodeJS.ProcessEnv = {}) {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args.split(' ').filter(Boolean), {
    env,
    stdout: (text) => {
      stdout += text;
    },
    stderr: {
      isTerminal: false,
      write: (text) => {
        stderr += text;
      },
    },
    stop: new AbortController().signal,
    exitWithParent: () => undefined,
  });
  return { code, stdout, stderr };
}

describe('wrong usage ends with 2 and says what to change', () => {
  it.each([
    ['', "missing required argument 'scenario'"],
    ['ocean', 'cities, climate, energy, all'],
    ['climate --rat 5', 'Did you mean --rate?'],
    ['climate --rate 0', 'messages a second above 0'],
    ['climate --devices 0', 'whole number from 1'],
    ['climate --devices 1.5', 'whole number from 1'],
    ['climate --duration 10', 'with its unit'],
    ['climate --qos 3', '0, 1, 2'],
    ['climate --late 200%', 'share from 0 to 1'],
    ['climate --late 60% --malformed 60%', 'add up to 120 %'],
    ['climate --disconnects often', '0.1/s'],
    ['climate --name a/b', 'letters, digits'],
    ['climate --start-at yesterday', '2026-01-31T08:00:00Z'],
    ['climate --interval 1min', '--start-at'],
    ['climate --devices 2 --connections 3', '--connections'],
    ['cities --rate 5', '--start-at'],
    ['climate --url http://127.0.0.1:1883', 'mqtt://host:port'],
    ['climate --url mqtt://user:secret@127.0.0.1', 'SLUICE_SIM_USERNAME'],
    ['climate one too many', 'too many arguments'],
  ])('simulate %s', async (args, expected) => {
    const { code, stdout, stderr } = await simulate(args);
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain('secret');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

it('--help explains scenarios and timestamps and ends with 0', async () => {
  const { code, stdout } = await simulate('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('sensors/<city>/<id>/telemetry');
  expect(stdout).toContain('simulated time runs ahead');
});

it('names the URL and the reason when the broker cannot be reached, and ends with 1', async () => {
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  const { code, stderr } = await simulate(`cities --url ${url} --connect-timeout 300ms`);
  expect(stderr).toContain(url);
  expect(stderr).toContain('ECONNREFUSED');
  expect(code).toBe(1);
});

describe('credentials', () => {
  const login = { username: 'sim', password: 'pass' };

  it('come from the environment', async () => {
    const { url } = await tinyBroker({ login });
    const env = { SLUICE_SIM_USERNAME: 'sim', SLUICE_SIM_PASSWORD: 'pass' };
    expect(await simulate(`climate --url ${url} --count 20 --rate max --quiet`, env)).toMatchObject({
      code: 0,
    });
  });

  it('that are refused end at once with 1, without waiting for the time-out', async () => {
    const { url } = await tinyBroker({ login });
    const { code, stderr } = await simulate(
      `climate --url ${url} --count 20 --rate max --connect-timeout 10min`,
    );
    expect(stderr).toContain('rejects the connection: Connection refused: Not authorized');
    expect(code).toBe(1);
  });
});

it('prints a summary for people by default and JSON with --json, and nothing else on standard output', async () => {
  const { url, received } = await tinyBroker();
  const text = await simulate(
    `cities --url ${url} --count 30 --rate max --start-at 2026-01-31T08:00:00Z --quiet`,
  );
  expect(text.code).toBe(0);
  expect(text.stdout).toContain('published            30 (30 readings)');
  expect(text.stderr).toBe('');
  const json = await simulate(
    `cities --url ${url} --count 30 --rate max --start-at 2026-01-31T08:00:00Z --json --name lab`,
  );
  expect(JSON.parse(json.stdout)).toMatchObject({ scenario: 'cities', published: 30, acknowledged: 30 });
  expect(distinct(received).size).toBe(60);
  expect(new Set(received.map(({ clientId }) => clientId))).toEqual(
    new Set(['sim-cities-1', 'sim-cities-2', 'lab-cities-1', 'lab-cities-2']),
  );
});

it('ends with 1 and counts what stayed unacknowledged', async () => {
  const { url } = await tinyBroker({ withhold: (_received, count) => count > 10 });
  const { code, stdout } = await simulate(
    `climate --url ${url} --count 40 --devices 1 --rate max --in-flight 50 --ack-timeout 200ms --json --quiet`,
  );
  const summary = JSON.parse(stdout);
  expect(summary.published).toBe(40);
  expect(summary.acknowledged + summary.unacknowledged).toBe(40);
  expect(summary.unacknowledged).toBeGreaterThanOrEqual(30);
  expect(code).toBe(1);
});
