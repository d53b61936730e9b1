/** @import { DeviceAddress } from './types.js' */

const MAX_HASH_CHARACTERS = 16_384;
const MAX_NAME_CHARACTERS = 1_024;

/**
 * The device that the address names: `device=` and a JSON list of measurement, tag and name. Anyone may have made the
 * link, so anything else is ignored.
 *
 * @param {string} hash
 * @returns {DeviceAddress | undefined}
 */
export function deviceIn(hash) {
  if (hash.length > MAX_HASH_CHARACTERS) return undefined;
  /** @type {unknown} */
  let names;
  try {
    names = JSON.parse(new URLSearchParams(hash.replace(/^#/, '')).get('device') ?? '');
  } catch {
    // Not a list of ours: the address names no device.
    return undefined;
  }
  if (!Array.isArray(names) || names.length !== 3 || !names.every(isName)) return undefined;
  const [measurement, tag, name] = names;
  return { measurement, tag, name };
}

/**
 * The hash with another device in it, or with none; its other entries stay. Without `#`.
 *
 * @param {string} hash
 * @param {DeviceAddress | undefined} device
 */
export function withDevice(hash, device) {
  const kept = hash.includes('=') ? hash.replace(/^#/, '') : '';
  const entries = new URLSearchParams(kept);
  entries.delete('device');
  if (device !== undefined) entries.set('device', keyOf(device));
  return entries.toString();
}

/**
 * What a link to the device points to: it can be opened in another tab.
 *
 * @param {DeviceAddress} device
 */
export function hrefOf(device) {
  return `/devices#${withDevice('', device)}`;
}

/**
 * A text that no two devices share.
 *
 * @param {DeviceAddress} device
 */
export function keyOf({ measurement, tag, name }) {
  return JSON.stringify([measurement, tag, name]);
}

/** @param {unknown} name */
function isName(name) {
  return typeof name === 'string' && name.length <= MAX_NAME_CHARACTERS;
}
