import { type CheckResult, ok, warn } from './check-result.js';

const NAME = 'node';
/** As `engines` in package.json has it. */
const LEAST = [20, 19] as const;

/** `version` as in process.versions.node. */
export function checkNodeVersion(version: string): CheckResult {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const found = `Node ${version} on ${process.platform}-${process.arch}`;
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return ok(NAME, found);
  return warn(NAME, found, `take Node ${LEAST.join('.')} or later: Sluice is not tested below`);
}
