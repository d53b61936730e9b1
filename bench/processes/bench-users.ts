/** The user that a connection of the load signs in as; it is its client id, too. */
export function benchUser(connection: number): string {
  return `bench-${connection}`;
}

/** Known to the bench and to the access file that it writes, and to nobody else. */
export function benchToken(connection: number): string {
  return `sluice_${String(connection).padStart(43, '0')}`;
}
