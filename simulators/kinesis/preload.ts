/**
 * kinesis-local saves at an interval of 1 s and not at its end, which with a kept-alive connection SIGTERM does not
 * bring within 10 s: after this time what was stored is saved, and SIGKILL costs nothing.
 */
export const LAST_SAVE_MS = 1_500;

/**
 * Runs in the child before kinesis-local 0.6.2, which binds all interfaces and has no option for that, and which
 * would stay behind, port and all, when its parent is killed: the pipe to stdin ends in every case.
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

/** For `node --import`: no file has to be found, whether this runs compiled or not. */
export const PRELOAD_URL = `data:text/javascript,${encodeURIComponent(SOURCE)}`;
