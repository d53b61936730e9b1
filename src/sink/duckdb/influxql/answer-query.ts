import {
  errorJson,
  type InfluxqlAnswer,
  type InfluxqlRequest,
  resultsJson,
  type StatementResult,
} from '../../../influxql/answer.js';
import { InfluxqlError } from '../../../influxql/influxql-error.js';
import { parseQuery } from '../../../influxql/parse-query.js';
import type { Statement } from '../../../influxql/statement.js';
import type { ReadQueue } from '../read-queue.js';
import { runSelect } from './run-select.js';
import { runShow } from './run-show.js';

/**
 * Answers a query of InfluxQL: its statements one after the other, up to the first that cannot be answered. Rejects with
 * SINK_QUERY_FAILED when the store fails.
 */
export async function answerInfluxql(
  queue: ReadQueue,
  request: InfluxqlRequest,
  nowNs: bigint,
): Promise<InfluxqlAnswer> {
  let statements: readonly Statement[];
  try {
    statements = parseQuery(request.query, request.parameters);
  } catch (thrown) {
    if (!(thrown instanceof InfluxqlError)) throw thrown;
    return { status: 400, json: errorJson(`error parsing query: ${thrown.message}`, request.pretty) };
  }
  const results: StatementResult[] = [];
  for (const statement of statements) {
    const result = await resultOf(queue, statement, request, nowNs);
    results.push(result);
    if ('error' in result) break;
  }
  return { status: 200, json: resultsJson(results, request) };
}

async function resultOf(
  queue: ReadQueue,
  statement: Statement,
  request: InfluxqlRequest,
  nowNs: bigint,
): Promise<StatementResult> {
  // Of what `run` throws, only a SluiceError keeps its text.
  return queue.run(async (read) => {
    try {
      if (statement.kind === 'show') return await runShow(read, statement, request, nowNs);
      return await runSelect(read, statement, nowNs);
    } catch (thrown) {
      if (thrown instanceof InfluxqlError) return { error: thrown.message };
      throw thrown;
    }
  });
}
