import { isLoopback, senderOf } from '../../lib/remote-address.js';

export interface ConnectionLimitOptions {
  /** Connections of all listeners together, within what the open files of the process allow. */
  readonly maxOpen: number;
  /** Absent: half of the connections for each address, except loopback, where everything behind a local proxy comes from. */
  readonly maxPerAddress?: number;
}

/** What the connections of one address use together. */
export interface AddressShare {
  connections: number;
  /** Bytes of packets that have begun and not ended. */
  unfinishedBytes: number;
}

/** Why a connection is not accepted. */
export interface ConnectionRefusal {
  readonly reason: 'too-many-connections' | 'too-many-from-address';
  readonly detail: string;
}

/** ConnectionLimits decides whether one more connection is accepted, by the open files and by the share of its address. */
export class ConnectionLimits {
  readonly maxOpen: number;
  readonly #maxPerAddress: number;
  readonly #isLoopbackLimited: boolean;
  readonly #bySender = new Map<string, AddressShare>();
  #open = 0;

  constructor({ maxOpen, maxPerAddress }: ConnectionLimitOptions) {
    this.maxOpen = maxOpen;
    this.#isLoopbackLimited = maxPerAddress !== undefined;
    this.#maxPerAddress = maxPerAddress ?? Math.ceil(maxOpen / 2);
  }

  /** Counts a connection, until `closed` is called once for it; or says why it is not accepted, and counts nothing. */
  open(remoteAddress: string): ConnectionRefusal | undefined {
    if (this.#open >= this.maxOpen) {
      const detail = `${this.#open} connections are open, with those of all listeners`;
      return { reason: 'too-many-connections', detail };
    }
    const sender = senderOf(remoteAddress);
    const share = this.#bySender.get(sender);
    const isLimited = this.#isLoopbackLimited || !isLoopback(remoteAddress);
    if (isLimited && share !== undefined && share.connections >= this.#maxPerAddress) {
      const detail = `${share.connections} connections from ${sender} are open`;
      return { reason: 'too-many-from-address', detail };
    }
    this.#open += 1;
    if (share === undefined) this.#bySender.set(sender, { connections: 1, unfinishedBytes: 0 });
    else share.connections += 1;
    return undefined;
  }

  closed(remoteAddress: string): void {
    this.#open -= 1;
    const sender = senderOf(remoteAddress);
    const share = this.#bySender.get(sender);
    if (share === undefined) return;
    share.connections -= 1;
    if (share.connections === 0) this.#bySender.delete(sender);
  }

  /** The share of an address; a new one when none of its connections is open any more. */
  shareOf(remoteAddress: string): AddressShare {
    return this.#bySender.get(senderOf(remoteAddress)) ?? { connections: 0, unfinishedBytes: 0 };
  }
}
