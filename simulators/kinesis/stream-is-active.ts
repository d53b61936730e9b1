const ANSWER_WITHIN_MS = 2_000;

/** Returns whether the server answers and, with a name, whether that stream is ACTIVE. Never rejects. */
export async function streamIsActive(
  endpoint: string,
  region: string,
  streamName: string | undefined,
): Promise<boolean> {
  try {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'x-amz-target': `Kinesis_20131202.${streamName === undefined ? 'ListStreams' : 'DescribeStreamSummary'}`,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-date': '20260101T000000Z',
        // Local servers do not check the signature, but read the region from it.
        authorization: `AWS4-HMAC-SHA256 Credential=local/20260101/${region}/kinesis/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify(streamName === undefined ? {} : { StreamName: streamName }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const body = (await answer.json()) as { StreamDescriptionSummary?: { StreamStatus?: string } };
    return (
      answer.ok && (streamName === undefined || body.StreamDescriptionSummary?.StreamStatus === 'ACTIVE')
    );
  } catch {
    return false;
  }
}
