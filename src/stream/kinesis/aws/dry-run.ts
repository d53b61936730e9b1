import type { GetRecordsCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';

const AMAZON_HOST = /\.(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn)$/;

/** Ends a request that would have gone to a stand-in. */
class NotAmazon extends Error {}

/**
 * Sends a command that has DryRun: true, and resolves when it would have succeeded. A stand-in ignores that field and
 * would store the record: so the host is looked at when the request is ready, because `endpoint` is only one of the
 * places it can come from (AWS_ENDPOINT_URL, a profile). Resolves, without a request, where the host is not Amazon's.
 */
export async function dryRun(
  client: KinesisClient,
  command: PutRecordsCommand | GetRecordsCommand,
  abortSignal: AbortSignal,
): Promise<void> {
  // The two have nothing in common for the overloads of `send`, which is one method.
  const either = command as PutRecordsCommand;
  either.middlewareStack.add(
    (next) => (args) => {
      const { hostname } = args.request as { hostname?: string };
      if (!AMAZON_HOST.test(hostname ?? '')) throw new NotAmazon();
      return next(args);
    },
    { step: 'finalizeRequest', name: 'onlyAmazon', priority: 'low' },
  );
  try {
    await client.send(either, { abortSignal });
  } catch (thrown) {
    if (thrown instanceof NotAmazon) return;
    // This is how Kinesis says yes.
    if (thrown instanceof Error && thrown.name === 'DryRunOperationException') return;
    throw thrown;
  }
}
