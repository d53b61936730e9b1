import type { SocketBrake } from './socket-brake.js';

/** What the broker keeps of one connection. */
export interface Session {
  readonly brake: SocketBrake;
  readonly isLocal: boolean;
  /** Only set by `authenticate`: what came before it is refused, whatever aedes makes of it. */
  isAuthenticated: boolean;
  askedForCleanSession: boolean;
}
