/**
 * kinesis-local saves every second but not when it ends, and with a kept-alive connection SIGTERM does not end it within
 * 10 s. After this time everything stored is saved, and SIGKILL loses nothing.
 */
export const LAST_SAVE_MS = 1_500;

/**
 * Runs in the child before kinesis-local 0.6.2, which binds all interfaces without an option to change that, and which
 * would keep running and hold its port after its parent is killed. The pipe to stdin closes in every case.
 */
const SOURCE = `
import { Server } from 'node:net';
const listen = Server.prototype.listen;
Server.prototype.listen = function (first, ...rest) {
  const options = typeof first === 'object' && first !== null ? { ...first } : { port: first };
  return listen.call(this, { ...options, host: '127.0.0.1' }, rest.find((one) => typeof one === 'function'));
};
// Not process.exit: kinesis-local replaces it by something that waits for open connections.
const kill = () => process.kill(process.pid, 'SIGKILL');
const end = () => setTimeout(kill, process.env.SHOULD_PERSIST_DATA === 'true' ? ${LAST_SAVE_MS} : 0);
process.stdin.on('close', end).on('error', () => {}).resume();
`;

/** The source as a URL for `node --import`, so that no file has to be found, built or not. */
export const PRELOAD_URL = `data:text/javascript,${encodeURIComponent(SOURCE)}`;
