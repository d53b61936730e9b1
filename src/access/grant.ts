import { BoundedCache } from '../lib/bounded-cache.js';
import { MAX_TOPIC_BYTES } from '../lib/mqtt-names.js';
import type { PermissionRule } from './access-rules.js';
import type { RoleLimits } from './client-limits.js';
import {
  type PermittedNames,
  permitsFilter,
  permitsTopic,
  type TopicPermission,
} from './topic-permission.js';

/** Topics of one grant that are kept with their answer. A device publishes on one or a few. */
const MAX_KEPT_TOPICS = 1_000;

export interface GrantOptions extends PermittedNames {
  /** The number of the rules that it was made from; a reload raises it. */
  readonly generation: number;
  /** `all`: there are no rules. */
  readonly publish: readonly TopicPermission[] | 'all';
  readonly subscribe: readonly TopicPermission[] | 'all';
  /** ms since 1970; absent: the credential does not expire. */
  readonly expiresAtMs?: number;
  /** What the roles set; absent: the limits of the broker. */
  readonly limits?: RoleLimits;
}

/**
 * Grant is what one client may do, fixed when it connects or when the rules are reloaded. The gate and the fast path ask
 * the same object, so that a topic which one client may use is never open to another.
 */
export class Grant {
  /** The name that the credential proved; empty without access rules. */
  readonly user: string;
  readonly clientId: string;
  readonly generation: number;
  readonly expiresAtMs: number | undefined;
  readonly limits: RoleLimits | undefined;
  readonly #publish: readonly TopicPermission[] | 'all';
  readonly #subscribe: readonly TopicPermission[] | 'all';
  /** The topic that was allowed last: most devices have only one. */
  #lastPublished: string | undefined;
  #published: BoundedCache<boolean> | undefined;
  #received: BoundedCache<boolean> | undefined;

  constructor(options: GrantOptions) {
    this.user = options.user;
    this.clientId = options.client;
    this.generation = options.generation;
    this.expiresAtMs = options.expiresAtMs;
    this.limits = options.limits;
    this.#publish = options.publish;
    this.#subscribe = options.subscribe;
  }

  /** True where roles decide: a topic that begins with `$` then needs a permission that has its first level. */
  get hasRules(): boolean {
    return this.#publish !== 'all';
  }

  /** Whether the client may publish on the topic. Its syntax must have been checked. */
  mayPublish(topic: string): boolean {
    if (this.#publish === 'all' || topic === this.#lastPublished) return true;
    this.#published ??= new BoundedCache(MAX_KEPT_TOPICS);
    const isAllowed = isPermitted(this.#publish, topic, this.#published);
    if (isAllowed && topic.length <= MAX_TOPIC_BYTES) this.#lastPublished = topic;
    return isAllowed;
  }

  /** Whether the client may receive everything that matches the topic filter. Its syntax must have been checked. */
  maySubscribe(filter: string): boolean {
    if (this.#subscribe === 'all') return true;
    const levels = filter.split('/');
    return this.#subscribe.some((permission) => permitsFilter(permission, levels));
  }

  /** The permission that lets the client publish on the topic, for an explanation; not cached. */
  permissionToPublish(topic: string): PermissionRule | undefined {
    if (this.#publish === 'all') return undefined;
    const levels = topic.split('/');
    return this.#publish.find((permission) => permitsTopic(permission, levels))?.rule;
  }

  /** The permission that lets the client subscribe to the topic filter, for an explanation. */
  permissionToSubscribe(filter: string): PermissionRule | undefined {
    if (this.#subscribe === 'all') return undefined;
    const levels = filter.split('/');
    return this.#subscribe.find((permission) => permitsFilter(permission, levels))?.rule;
  }

  /** Whether a message on this topic may be delivered to the client. */
  mayReceive(topic: string): boolean {
    if (this.#subscribe === 'all') return true;
    this.#received ??= new BoundedCache(MAX_KEPT_TOPICS);
    return isPermitted(this.#subscribe, topic, this.#received);
  }
}

function isPermitted(
  permissions: readonly TopicPermission[],
  topic: string,
  kept: BoundedCache<boolean>,
): boolean {
  const known = kept.get(topic);
  if (known !== undefined) return known;
  const levels = topic.split('/');
  const isAllowed = permissions.some((permission) => permitsTopic(permission, levels));
  // The broker does not take a longer one: it comes here only before it is parked or denied, and must not fill the memory.
  if (topic.length <= MAX_TOPIC_BYTES) kept.set(topic, isAllowed);
  return isAllowed;
}
