import { type BrokerUnderTest, CaseContext, type ConformanceCase } from './conformance-case.js';
import type { Level } from './level.js';
import { Deviation } from './scripted-peer.js';

/** Runs a case and returns what the broker did otherwise; undefined when it did what the case expects. */
export async function deviationOf(
  { run }: ConformanceCase,
  broker: BrokerUnderTest,
  level: Level,
): Promise<string | undefined> {
  const context = new CaseContext(broker, level);
  try {
    await run(context);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Deviation) return thrown.message;
    throw thrown;
  } finally {
    context.end();
  }
}
