import { type Document, isMap, isScalar, type Node, type Pair, YAMLMap } from 'yaml';
import type { SecretRule } from '../../access/access-rules.js';
import { keyName } from '../yaml-reader.js';

/** A user as it is added. */
export interface NewUser {
  readonly name: string;
  readonly secret?: SecretRule;
  readonly roles: readonly string[];
  readonly clientId?: string;
}

export interface NewRole {
  readonly name: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** AccessDocument is an access file that is being edited: comments and the order of keys stay as they are. */
export class AccessDocument {
  readonly #document: Document;

  constructor(document: Document) {
    this.#document = document;
  }

  hasUser(name: string): boolean {
    return pairOf(this.#section('users'), name) !== undefined;
  }

  addUser({ name, secret, roles, clientId }: NewUser): void {
    const user = {
      ...(secret !== undefined && { [secret.kind]: secret.hash }),
      ...(roles.length > 0 && { roles }),
      ...(clientId !== undefined && { clientId }),
    };
    this.#section('users').set(this.#document.createNode(name), this.#inOneLine(user));
  }

  removeUser(name: string): void {
    const { items } = this.#section('users');
    const pair = pairOf(this.#section('users'), name);
    if (pair !== undefined) items.splice(items.indexOf(pair), 1);
  }

  setSecret(name: string, secret: SecretRule): void {
    const user = this.#user(name);
    const other = secret.kind === 'token' ? 'password' : 'token';
    user.delete(other);
    const old = pairOf(user, secret.kind);
    const value = this.#document.createNode(secret.hash);
    if (old !== undefined) old.value = value;
    else user.items.unshift(this.#document.createPair(secret.kind, secret.hash));
  }

  setDisabled(name: string, isDisabled: boolean): void {
    const user = this.#user(name);
    if (isDisabled) user.set('disabled', true);
    else user.delete('disabled');
  }

  addRole({ name, publish, subscribe }: NewRole): void {
    const role = {
      ...(publish.length > 0 && { publish }),
      ...(subscribe.length > 0 && { subscribe }),
    };
    this.#section('roles').set(this.#document.createNode(name), this.#inOneLine(role));
  }

  #user(name: string): YAMLMap {
    const pair = pairOf(this.#section('users'), name);
    if (isMap(pair?.value)) return pair.value;
    // A user without any key is written as `name:`.
    const empty = this.#inOneLine({}) as YAMLMap;
    if (pair !== undefined) pair.value = empty;
    return empty;
  }

  /** The section, which is made when it is missing or empty. */
  #section(key: 'users' | 'roles'): YAMLMap {
    const found = this.#document.get(key);
    // `users: {}` is written in one line, and would stay so with a thousand users.
    if (isMap(found)) {
      if (found.items.length === 0) found.flow = false;
      return found;
    }
    const section = new YAMLMap(this.#document.schema);
    this.#document.set(key, section);
    return section;
  }

  #inOneLine(value: object): Node {
    const node = this.#document.createNode(value) as Node & { flow?: boolean };
    node.flow = true;
    return node;
  }
}

/** A name such as 0017 is a number in YAML, and a text for us. */
function pairOf({ items }: YAMLMap, name: string): Pair | undefined {
  return items.find(({ key }) => isScalar(key) && keyName(key) === name);
}
