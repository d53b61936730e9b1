/** Forbids access by others and writing by the group; the group may read, as Kubernetes mounts secrets. */
const FORBIDDEN_MODE_BITS = 0o027;

/** Returns what is wrong with the mode of a file that holds a secret, or undefined. */
export function privateModeFault(
  path: string,
  mode: number,
): { readonly got: string; readonly expected: string; readonly hint: string } | undefined {
  if (process.platform === 'win32' || (mode & FORBIDDEN_MODE_BITS) === 0) return undefined;
  return {
    got: `a file that other users can reach (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
    expected: 'a file for this user alone',
    hint: `chmod 600 ${path}`,
  };
}
