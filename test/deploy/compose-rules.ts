import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/lib/package-root.js';
import { type Compose, type ComposeService, composeSchema, TOP_LEVEL_KEYS } from './compose-schema.js';

/** `image:1.2.3`, `image:v1.2.3`, `image:1.2.3-core`: a version of three numbers, never a tag that moves. */
const PINNED_IMAGE = /^[a-z0-9./_-]+:v?\d+\.\d+\.\d+(-[a-z]+)?$/;
const LOOPBACK_PORT = /^127\.0\.0\.1:(\d+|\$\{[A-Z0-9_]+:-\d+\}):\d+$/;
const SECRET_KEY = /PASSWORD|TOKEN|SECRET/;
/** Nothing but a variable that has to be set. */
const REQUIRED_VARIABLE = /^\$\{[A-Z0-9_]+:\?[^}]+\}$/;

/** Everything that is wrong with a parsed docker-compose.yml, one line each. */
export function composeProblems(parsed: unknown): string[] {
  const checked = composeSchema.safeParse(parsed);
  if (!checked.success)
    return checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const compose = checked.data;
  const unknownKeys = Object.keys(compose).filter((key) => !TOP_LEVEL_KEYS.has(key) && !key.startsWith('x-'));
  return [
    ...unknownKeys.map((key) => `${key}: not a key of a Compose file`),
    ...Object.entries(compose.services).flatMap(([name, service]) =>
      serviceProblems(compose, service).map((problem) => `${name}: ${problem}`),
    ),
    ...volumeProblems(compose),
    ...portProblems(compose),
  ];
}

function serviceProblems(compose: Compose, service: ComposeService): string[] {
  const problems = [
    ...(service.ports ?? [])
      .filter((port) => !LOOPBACK_PORT.test(port))
      .map((port) => `port ${port} is not bound to 127.0.0.1`),
    ...Object.entries(service.environment ?? {})
      .filter(([key, value]) => SECRET_KEY.test(key) && !REQUIRED_VARIABLE.test(value))
      .map(([key]) => `${key} is not a variable that has to be set`),
    ...dependencyProblems(compose, service),
    ...mountProblems(compose, service),
  ];
  if (!PINNED_IMAGE.test(service.image)) problems.push(`image ${service.image} is not a pinned version`);
  if (!(service.security_opt ?? []).includes('no-new-privileges:true'))
    problems.push('without no-new-privileges');
  if (service.image.startsWith('sluice:')) problems.push(...ownImageProblems(service));
  return problems;
}

function dependencyProblems(compose: Compose, service: ComposeService): string[] {
  return Object.entries(service.depends_on ?? {}).flatMap(([name, { condition }]) => {
    const other = compose.services[name];
    if (other === undefined) return [`depends on ${name}, which is not there`];
    const problems: string[] = [];
    if (condition === 'service_healthy' && !('test' in other.healthcheck)) {
      problems.push(`waits for the health of ${name}, which has no check`);
    }
    // A service of a profile is not there for one that always runs, or that is of another profile.
    const reaches = other.profiles?.every((profile) => service.profiles?.includes(profile) ?? false) ?? true;
    if (!reaches) problems.push(`depends on ${name} of another profile`);
    return problems;
  });
}

function mountProblems(compose: Compose, service: ComposeService): string[] {
  return (service.volumes ?? []).flatMap((mount) => {
    const [source = '', target, mode] = mount.split(':');
    if (!target?.startsWith('/')) return [`${mount} has no target`];
    if (!source.startsWith('.')) return source in compose.volumes ? [] : [`volume ${source} is not defined`];
    if (mode !== 'ro') return [`${mount} could be written`];
    return existsSync(join(packageRoot(), source)) ? [] : [`${source} is not there`];
  });
}

/** What every container of our own image has to have. */
function ownImageProblems(service: ComposeService): string[] {
  const wanted: readonly [string, boolean][] = [
    ['a read-only root', service.read_only === true],
    ['no capabilities', service.cap_drop?.join() === 'ALL'],
    ['another user than root', /^[1-9]\d*:[1-9]\d*$/.test(service.user ?? '')],
    ['a limit of processes', service.pids_limit !== undefined],
    ['an init process', service.init === true],
    ['a limit of memory', service.mem_limit !== undefined],
    ['an image that is built here', service.build === '.' || service.pull_policy === 'never'],
  ];
  return wanted.filter(([, isSo]) => !isSo).map(([what]) => `has not ${what}`);
}

function volumeProblems({ services, volumes }: Compose): string[] {
  const users = Object.values(services).flatMap(({ volumes: mounts }) => mounts ?? []);
  return Object.keys(volumes).flatMap((name) => {
    const count = users.filter((mount) => mount.startsWith(`${name}:`)).length;
    return count === 1 ? [] : [`volume ${name} is used by ${count} services`];
  });
}

function portProblems({ services }: Compose): string[] {
  const hostPorts = Object.values(services).flatMap(({ ports }) =>
    (ports ?? []).map((port) => /(\d+)\}?:\d+$/.exec(port)?.[1] ?? port),
  );
  return hostPorts
    .filter((port, index) => hostPorts.indexOf(port) !== index)
    .map((port) => `port ${port} is published twice`);
}
