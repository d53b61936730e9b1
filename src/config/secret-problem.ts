/** The line end of a file is not part of the secret in it. */
export function withoutLineEnd(text: string): string {
  return text.replace(/[\r\n]+$/, '');
}

/**
 * Returns what is wrong with a secret, or undefined. An HTTP header refuses control characters and drops blanks at its
 * ends: the store would only say that the secret is wrong.
 */
export function secretProblem(
  secret: string,
): { readonly got: string; readonly expected: string } | undefined {
  if (/\p{Cc}/u.test(secret)) {
    return { got: 'several lines or control characters', expected: 'one line of text' };
  }
  if (secret === secret.trim()) return undefined;
  return { got: 'blanks at its beginning or end', expected: 'the text without blanks around it' };
}
