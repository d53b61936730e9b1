import { ok, error as refusal, type ScriptedKinesis, scriptedKinesis } from './scripted-kinesis.js';

/** A Kinesis that knows one key at a time, and answers with `refusal` to any other. */
export async function kinesisWithKey(
  refusedAs: string,
  body: unknown,
): Promise<{ readonly server: ScriptedKinesis; accept(key: string): void; readonly used: string[] }> {
  let accepted = '';
  const used: string[] = [];
  const server = await scriptedKinesis((response, request) => {
    const key = /Credential=([^/]+)\//.exec(request.authorization)?.[1] ?? '';
    used.push(key);
    const answer = key === accepted ? ok(body) : refusal(refusedAs, 'The security token included is expired');
    answer(response, request);
  });
  return {
    server,
    accept: (key) => {
      accepted = key;
    },
    used,
  };
}
