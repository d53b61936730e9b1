/** What a fuzzed connection puts into every topic and payload: a record that has it came from that connection. */
export function markerOf(connection: number): string {
  return `z${hex(connection, 8)}${hex(checksum(connection), 8)}`;
}

/** The connections whose markers are in the bytes. A marker that a mutation has changed does not have its checksum. */
export function connectionsMarkedIn(bytes: string | Buffer): number[] {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
  const found: number[] = [];
  for (const [, number, sum] of text.matchAll(/z([0-9a-f]{8})(?=([0-9a-f]{8}))/g)) {
    const connection = Number.parseInt(number ?? '', 16);
    if (checksum(connection) === Number.parseInt(sum ?? '', 16)) found.push(connection);
  }
  return found;
}

function checksum(connection: number): number {
  const mixed = Math.imul(connection ^ 0x5bd1e995, 0x21f0aaad);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
