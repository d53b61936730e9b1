/** Returns whether a client id fits a pattern: `{user}` stands for the user's name, `+` for one or more characters. */
export function fitsClientIdPattern(pattern: string, user: string, clientId: string): boolean {
  // The name goes in last, so that a `+` in it is never a wildcard.
  const parts = pattern.split('+').map((part) => part.replaceAll('{user}', () => user));
  const [first, ...rest] = parts;
  if (rest.length === 0) return clientId === first;
  if (!clientId.startsWith(first!)) return false;
  let at = first!.length;
  const last = rest.pop()!;
  for (const part of rest) {
    // At least one character for the wildcard in front of the part.
    const found = clientId.indexOf(part, at + 1);
    if (found === -1) return false;
    at = found + part.length;
  }
  return clientId.length >= at + 1 + last.length && clientId.endsWith(last);
}
