/** Whether a key could reach the prototype of an object. The length is compared first: it decides for nearly all keys. */
export function reachesPrototype(key: string): boolean {
  if (key.length === 9) return key === '__proto__' || key === 'prototype';
  return key.length === 11 && key === 'constructor';
}
