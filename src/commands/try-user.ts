import { relative } from 'node:path';
import type { AccessRules } from '../access/access-rules.js';
import { isLoopbackHost } from '../lib/remote-address.js';
import type { NamedAccessFile } from './access-file-of.js';

/** What a person does next who has given a user a secret: each line is printed to stderr. */
export function nextSteps(
  name: string,
  secret: 'token' | 'password',
  { path, isConfigured, listeners }: NamedAccessFile,
  rules: AccessRules,
): string[] {
  const shown = shellWord(relative(process.cwd(), path) || path);
  const taken = isConfigured
    ? 'a running gateway takes the change within seconds'
    : `the configuration does not use the file yet; add to it:\n\n  broker:\n    access: ./${shown.split('/').at(-1)}\n`;
  const lines = [`${shown}: ${taken}`];
  const topic = topicOf(name, rules);
  if (topic !== undefined) lines.push(`try it: ${publishLine(name, secret, topic, listeners, rules)}`);
  return lines;
}

function publishLine(
  name: string,
  secret: 'token' | 'password',
  topic: string,
  listeners: NamedAccessFile['listeners'],
  rules: AccessRules,
): string {
  const listener =
    listeners.find(({ protocol }) => protocol === 'mqtts') ??
    listeners.find(({ protocol }) => protocol === 'mqtt');
  const isAnyHost = listener === undefined || ['0.0.0.0', '::'].includes(listener.host);
  const host = isAnyHost ? 'HOST' : isLoopbackHost(listener.host) ? '127.0.0.1' : listener.host;
  const clientId = clientIdOf(name, rules);
  return [
    `mosquitto_pub -h ${host} -p ${listener?.port ?? 1883}`,
    ...(listener?.protocol === 'mqtts' ? ['--cafile ca.crt'] : []),
    `-u ${shellWord(name)} -P "$${secret.toUpperCase()}"`,
    ...(clientId === undefined ? [] : [`-i ${shellWord(clientId)}`]),
    `-q 1 -t ${shellWord(topic)} -m '{"temperature": 21.5}'`,
  ].join(' ');
}

/** A topic that the user may publish on. */
function topicOf(name: string, { users, roles }: AccessRules): string | undefined {
  const [permission] = (users.get(name)?.roles ?? []).flatMap((role) => roles.get(role)?.publish ?? []);
  const clientId = clientIdOf(name, { users, roles }) ?? 'test';
  return permission?.filter
    .split('/')
    .map((level) => (level === '{user}' ? name : level === '{client}' ? clientId : level))
    .map((level) => (level === '+' || level === '#' ? 'test' : level))
    .join('/');
}

/** A client id that the user may have, where not any will do. */
function clientIdOf(
  name: string,
  { users, roles }: Pick<AccessRules, 'users' | 'roles'>,
): string | undefined {
  const user = users.get(name);
  const patterns = [user?.clientId, ...(user?.roles ?? []).map((role) => roles.get(role)?.clientId)];
  return patterns
    .find((pattern) => pattern !== undefined)
    ?.split('+')
    .map((part) => part.replaceAll('{user}', () => name))
    .join('1');
}

function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
