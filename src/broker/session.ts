import type { Acknowledgements } from './acknowledgements.js';
import type { SocketBrake } from './socket-brake.js';

/** What the broker keeps of one connection. */
export interface Session {
  readonly brake: SocketBrake;
  readonly acknowledgements: Acknowledgements;
  readonly isLocal: boolean;
  /** Only set by `authenticate`: what came before it is refused, whatever aedes makes of it. */
  isAuthenticated: boolean;
  /** Known once authenticated. */
  clientId: string;
  askedForCleanSession: boolean;
}
