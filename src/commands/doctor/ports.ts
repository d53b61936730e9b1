import type { SluiceConfig } from '../../config/sluice-config.js';
import { listenProblem } from '../environment-problems.js';
import { type CheckResult, fail, ok } from './check-result.js';

const NAME = 'ports';

/** By listening on each for a moment. */
export async function checkPorts(
  { broker, http }: Pick<SluiceConfig, 'broker' | 'http'>,
  isGatewayRunning: boolean,
): Promise<CheckResult> {
  const places = [
    ...broker.listeners.map(({ protocol, host, port }) => ({ use: protocol, host, port })),
    ...(http === undefined ? [] : [{ use: 'http', host: http.host, port: http.port }]),
  ];
  const found: string[] = [];
  const advice: string[] = [];
  for (const { use, host, port } of places) {
    const place = `${use} ${host}:${port}`;
    const problem = await listenProblem(host, port);
    if (problem === undefined) found.push(`${place} ${port === 0 ? 'takes any free port' : 'free'}`);
    else if (isGatewayRunning && problem.expected === 'a free port') {
      found.push(`${place} in use by the running gateway`);
    } else {
      found.push(`${place} is not ${problem.expected}`);
      advice.push(`${host}:${port}: ${problem.hint ?? `take ${problem.expected}`}`);
    }
  }
  const text = found.join(', ');
  return advice.length === 0 ? ok(NAME, text) : fail(NAME, text, advice.join('; '));
}
