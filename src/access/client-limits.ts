/** What a role sets in the place of the limits of the broker; absent: those of the broker. */
export interface RoleLimits {
  /** Of each client. */
  readonly messagesPerSecond?: number;
  readonly bytesPerSecond?: number;
  /** Of all clients of a user together. */
  readonly connections?: number;
}

/** The limits of somebody with several roles: of each limit the highest that a role sets. */
export function highestLimits(limits: readonly (RoleLimits | undefined)[]): RoleLimits | undefined {
  const set = limits.filter((some) => some !== undefined);
  if (set.length === 0) return undefined;
  const highest = (limit: keyof RoleLimits) => {
    const values = set.map((some) => some[limit]).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : Math.max(...values);
  };
  return {
    messagesPerSecond: highest('messagesPerSecond'),
    bytesPerSecond: highest('bytesPerSecond'),
    connections: highest('connections'),
  };
}
