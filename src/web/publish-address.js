/** @import { FirstStepsView } from './types.js' */

/** @typedef {FirstStepsView['listeners'][number]} Listener */

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;
/** Bound to every address of the machine. */
const EVERY_ADDRESS = /^(0\.0\.0\.0|::)$/;
const USUAL_PORT = 1883;

/**
 * Where a device publishes to: the plain MQTT listener, else one over WebSocket. A listener on every address is reached by
 * the name that this page was reached by.
 *
 * @param {readonly Listener[]} listeners
 * @param {string} pageHost the host name in the address of the page
 */
export function publishAddress(listeners, pageHost) {
  const listener = listeners.find(({ protocol }) => protocol === 'mqtt') ?? listeners[0];
  if (listener === undefined) return undefined;
  const { protocol, port } = listener;
  const bound = listener.host.replace(/^\[|\]$/g, '');
  const host = EVERY_ADDRESS.test(bound) ? pageHost.replace(/^\[|\]$/g, '') : bound;
  return {
    protocol,
    // `localhost` may mean ::1, where an IPv4 listener does not listen.
    host: host === 'localhost' ? '127.0.0.1' : host,
    port,
    isLocal: LOOPBACK.test(bound),
  };
}

/** @param {NonNullable<ReturnType<typeof publishAddress>>} address */
export function addressText({ host, port }) {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * A command that publishes one message, for a POSIX shell.
 *
 * @param {NonNullable<ReturnType<typeof publishAddress>>} address
 * @param {{ topic: string; payload: string }} message
 */
export function publishCommand({ host, port }, { topic, payload }) {
  const at = port === USUAL_PORT ? `-h ${quoted(host)}` : `-h ${quoted(host)} -p ${port}`;
  return `mosquitto_pub ${at} -q 1 -t ${quoted(topic)} -m '${payload.replaceAll("'", String.raw`'\''`)}'`;
}

/** @param {string} word */
function quoted(word) {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
