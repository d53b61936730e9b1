import {
  clientIdFault,
  isValidName,
  MAX_TOPIC_LEVELS,
  MAX_USER_NAME_BYTES,
  reservedFilterFault,
  topicFilterFault,
} from '../lib/mqtt-names.js';
import { nearestName } from '../lib/nearest-name.js';
import { quoted } from '../lib/printable.js';
import { publishRefusal } from '../lib/publish-refusal.js';
import { type Identity, isGrantRefusal } from './access.js';
import type { AccessRules, PermissionRule, RoleRule, UserRule } from './access-rules.js';
import { fitsClientIdPattern } from './client-id-pattern.js';
import type { Grant } from './grant.js';
import { RuledAccess } from './ruled-access.js';
import { topicPermission } from './topic-permission.js';

export interface AccessQuestion {
  readonly user: string;
  readonly clientId: string;
  readonly action:
    | { readonly kind: 'publish'; readonly topic: string }
    | { readonly kind: 'subscribe'; readonly filter: string };
  /** Limit of a packet of the broker. */
  readonly maxPacketBytes: number;
}

export interface AccessDecision {
  readonly isAllowed: boolean;
  /** Why, in one line. */
  readonly reason: string;
  /** Lines of the access file that the user has and that did not decide, and why they did not. */
  readonly others: readonly string[];
}

/**
 * Says what the broker would decide with these rules, and by which line. It asks the grant that the broker would ask, so
 * that both cannot differ; only the explanation is made here.
 */
export function decideAccess(rules: AccessRules, question: AccessQuestion): AccessDecision {
  const { user, clientId, action } = question;
  const fault = syntaxFault(question);
  if (fault !== undefined) return denied(fault);
  const rule = rules.users.get(user);
  if (rule === undefined && rules.jwt === undefined && rules.mtls === undefined) {
    return denied(unknownUser(rules, user));
  }
  const identities = identitiesOf(rules, user, rule);
  if (identities.length === 0) {
    return denied(`${placeOf(rules, rule!.line)}: users.${user} has no token and no password`);
  }
  const access = new RuledAccess(rules, { signIn: () => NOT_ASKED });
  const decisions = identities.map((identity): AccessDecision => {
    const grant = access.grantOf(identity, { clientId, remoteAddress: '' });
    if (isGrantRefusal(grant)) return refused(rules, rule, identity, clientId);
    const permission = decidingPermission(grant, action);
    if (permission === undefined) return notMatched(rules, rule, identity, question);
    const by = identity.method === 'jwt' || identity.method === 'certificate' ? METHODS[identity.method] : '';
    return { isAllowed: true, reason: `${permissionText(rules, permission)}${by}`, others: [] };
  });
  return decisions.find(({ isAllowed }) => isAllowed) ?? decisions[0]!;
}

const NOT_ASKED = { kind: 'refused', reason: 'credential-missing', detail: '' } as const;
const METHODS = { jwt: ' (signed in with a JWT)', certificate: ' (signed in with a certificate)' } as const;

/** What the broker takes from nobody, whatever the roles say. */
function syntaxFault(question: AccessQuestion): string | undefined {
  const { action, clientId, maxPacketBytes } = question;
  const fault = nameFault(question);
  if (fault !== undefined) return `the broker refuses this for everybody: ${fault}`;
  if (action.kind === 'subscribe') return undefined;
  const payload = { length: 0 };
  const facts = { topic: action.topic, clientId, qos: 1, payload } as const;
  const refusal = publishRefusal(facts, maxPacketBytes, () => true);
  if (refusal?.outcome === 'closed') return `the broker refuses this for everybody: ${refusal.detail}`;
  if (refusal?.outcome !== 'parked') return undefined;
  return `the broker takes this from nobody, it acknowledges and parks it: ${refusal.detail}`;
}

function nameFault({ user, clientId, action }: AccessQuestion): string | undefined {
  if (!isValidName(user, MAX_USER_NAME_BYTES)) return 'user name too long or with control characters';
  const idFault = clientId === '' ? 'no client id' : clientIdFault(clientId);
  if (idFault !== undefined) return idFault;
  if (action.kind === 'publish') return undefined;
  const { filter } = action;
  return topicFilterFault(filter) ?? reservedFilterFault(filter) ?? levelsFault(filter);
}

/** Aedes refuses the filter itself. */
function levelsFault(filter: string): string | undefined {
  return filter.split('/').length > MAX_TOPIC_LEVELS ? 'filter with too many levels' : undefined;
}

/** The identities that a user may sign in with. One that the file lists has the same roles with each of them. */
function identitiesOf(rules: AccessRules, user: string, rule: UserRule | undefined): Identity[] {
  const { jwt, mtls } = rules;
  if (rule?.secret !== undefined) {
    return [{ user, method: rule.secret.kind, roles: [], secretHash: rule.secret.hash }];
  }
  return [
    ...(jwt === undefined ? [] : [{ user, method: 'jwt' as const, roles: jwt.roles }]),
    ...(mtls === undefined ? [] : [{ user, method: 'certificate' as const, roles: mtls.roles }]),
  ];
}

function decidingPermission(grant: Grant, action: AccessQuestion['action']): PermissionRule | undefined {
  return action.kind === 'publish'
    ? grant.permissionToPublish(action.topic)
    : grant.permissionToSubscribe(action.filter);
}

function unknownUser({ file, users }: AccessRules, user: string): string {
  const meant = nearestName(user, [...users.keys()]);
  const hint = meant === undefined ? '' : `; did you mean ${quoted(meant)}?`;
  return `${file} has no user ${quoted(user)}${hint}`;
}

function refused(
  rules: AccessRules,
  rule: UserRule | undefined,
  identity: Identity,
  clientId: string,
): AccessDecision {
  if (rule?.isDisabled === true) {
    return denied(`${placeOf(rules, rule.line)}: users.${rule.name}.disabled: the user is disabled`);
  }
  const { user } = identity;
  if (rule?.clientId !== undefined && !fitsClientIdPattern(rule.clientId, user, clientId)) {
    return denied(
      `${placeOf(rules, rule.line)}: users.${user}.clientId ${rule.clientId} does not fit the client id ${quoted(clientId)}`,
    );
  }
  const roles = rolesOf(rules, rule, identity);
  if (roles.length === 0) return denied(`the user ${quoted(user)} has no role`);
  return denied(
    `the client id ${quoted(clientId)} fits no role of the user`,
    roles.map((role) => `${placeOf(rules, role.line)}: roles.${role.name}.clientId ${role.clientId}`),
  );
}

function notMatched(
  rules: AccessRules,
  rule: UserRule | undefined,
  identity: Identity,
  { user, clientId, action }: AccessQuestion,
): AccessDecision {
  const topic = action.kind === 'publish' ? action.topic : action.filter;
  const names = { user, client: clientId };
  const others = rolesOf(rules, rule, identity).flatMap((role) => {
    const isCounting = role.clientId === undefined || fitsClientIdPattern(role.clientId, user, clientId);
    return role[action.kind].map((permission) => {
      const text = permissionText(rules, permission);
      if (!isCounting) return `${text} (only for client ids ${role.clientId})`;
      const isUsable = topicPermission(permission, names) !== undefined;
      return isUsable ? text : `${text} (a name with /, +, # or $ cannot be a level)`;
    });
  });
  const what = action.kind === 'publish' ? 'publish on' : 'subscribe to';
  const why = others.length === 0 ? `may ${what} nothing` : `may not ${what} ${quoted(topic)}`;
  return denied(`the user ${quoted(user)} ${why}`, others);
}

function rolesOf(rules: AccessRules, rule: UserRule | undefined, identity: Identity): RoleRule[] {
  const names = rule?.roles ?? identity.roles;
  return names.map((name) => rules.roles.get(name)).filter((role) => role !== undefined);
}

/** `access.yaml:12: roles.device.publish[0] sensors/+/{user}/#` */
function permissionText(rules: AccessRules, permission: PermissionRule): string {
  for (const role of rules.roles.values()) {
    for (const kind of ['publish', 'subscribe'] as const) {
      const index = role[kind].indexOf(permission);
      if (index < 0) continue;
      return `${placeOf(rules, permission.line)}: roles.${role.name}.${kind}[${index}] ${permission.filter}`;
    }
  }
  return `${placeOf(rules, permission.line)}: ${permission.filter}`;
}

function placeOf({ file }: AccessRules, line: number): string {
  return `${file}:${line}`;
}

function denied(reason: string, others: readonly string[] = []): AccessDecision {
  return { isAllowed: false, reason, others };
}
