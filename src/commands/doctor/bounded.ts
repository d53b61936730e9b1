import { errorText } from '../../errors.js';
import { type CheckResult, fail } from './check-result.js';

/** Runs one check. Never rejects and never takes longer than `limitMs`: what does not answer has failed. `advice`: for when it throws. */
export async function bounded(
  name: string,
  limitMs: number,
  check: () => CheckResult | Promise<CheckResult>,
  advice = 'the check itself failed: see the text',
): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(
      () => resolve(fail(name, `no result within ${limitMs / 1_000} s`, 'find out what does not answer')),
      limitMs,
    );
  });
  const inTime = (async () => check())().catch((thrown: unknown) => fail(name, errorText(thrown), advice));
  try {
    return await Promise.race([inTime, late]);
  } finally {
    clearTimeout(timer);
  }
}
