import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './pages.js';

/**
 * Words that this project used once and has replaced by plain ones. They are looked for in comments, texts and
 * names: `word` sees a line in lower case with the parts of each name apart (`#booksOf` is "books of",
 * `put-aside` is "put aside"), `exact` sees it as it is written.
 */
interface RetiredWord {
  readonly word?: RegExp;
  readonly exact?: RegExp;
  readonly instead: string;
  /** Where the word is looked for; everywhere unless given. */
  readonly in?: RegExp;
}

const RETIRED: readonly RetiredWord[] = [
  {
    word: /\bbooks?\b/,
    exact: /\bmoved(?:Within|On|In)\b/,
    instead: 'ledger; ledger totals; adjustForReplay',
  },
  { word: /\baccounts?\b/, instead: 'ledger' },
  {
    word: /\b(?:un)?settl(?:e|es|ed|ing|ement)\b/,
    instead: 'replay; completed (a batch), acknowledged (a record), released (bytes)',
  },
  { word: /\bdesks?\b/, instead: 'ReplayService' },
  { word: /\bfates?\b/, instead: 'outcome' },
  { word: /\bdecided? again\b|\bdecides (?:it|them) again\b/, instead: 'replay processes it again' },
  {
    exact: /\bTurns\b/,
    word: /\btak(?:e|es|ing) turns\b|\bin turns\b/,
    instead: 'SerialQueue.run; one at a time',
  },
  { word: /\btenures?\b/, instead: 'ShardAssignment' },
  { word: /\b(?:sole|shard) owners?\b/, instead: 'ShardAssigner; SingleWorkerAssigner' },
  { word: /\bcom(?:e|es|ing) of age\b/, instead: 'expires' },
  { word: /\bbeats?\b/, instead: 'heartbeat' },
  { word: /\bsightings?\b/, instead: 'liveness' },
  { word: /\bfold(?:s|ed|ing)?\b/, in: /^src\/(?:stream|dead-letter|replay|ledger)\//, instead: 'compact' },
  {
    word: /\b(?:saved?|copied|remembers?|reader s|reader's) places?\b|\bplaces? (?:is|are|was|were) (?:not )?(?:saved|kept)\b|\bits place (?:and|was|in it)\b/,
    instead: 'position, checkpoint',
  },
  // The broker's Outlet is where the packets for a client leave.
  {
    word: /\boutlets?\b/,
    in: /^(?!src\/broker\/|test\/(?:broker|support)\/)/,
    instead: 'OutgoingStream; ComponentStatus',
  },
  {
    word: /\blanes?\b/,
    in: /^src\/(?:sink|config|broker)\/|^docs\/(?!kinesis)/,
    instead: 'concurrency; fast path',
  },
  { word: /\bbrakes?\b/, instead: 'back-pressure' },
  { exact: /\bFlight\b/, word: /\blanded\b/, instead: 'InFlightBatch; completed' },
  { word: /\bdownstream\b/, instead: 'ConsumePipeline; consumer thread' },
  { exact: /\bForwarding\b/, word: /\bforwarding thread\b/, instead: 'ForwardPipeline; forwarder thread' },
  { word: /\bstage threads?\b/, instead: 'WorkerHost' },
  { exact: /\b[Oo]wn(?:-s|S)tore\b|\b[Oo]wn(?:-m|M)etrics\b/, instead: 'self-metrics' },
  { word: /\bmarks?\b/, in: /^src\/(?:metrics|gateway)\/|^docs\/metrics/, instead: 'annotation' },
  { word: /\breadings\b/, in: /^src\/metrics\//, instead: 'sample' },
  { exact: /\bRefused\b/, in: /^src\/(?:rules|sink|consumer|formats)\//, instead: 'Rejection' },
  { word: /\bhear[sd]?\b/, instead: 'seen, received; lastSeen' },
  { word: /\bheals?\b|\buntil open\b/, instead: 'transient, permanent; openWithRetry, failIfPermanent' },
  { word: /\bis stuck\b/, instead: 'isUnavailable' },
  { word: /\bputs? aside\b/, instead: 'archive' },
  { exact: /(?<!\.)\bbounded\(/, instead: 'withTimeout' },
  { word: /\bnot(?:e|es|ed|ing) saves\b/, instead: 'onSave' },
  { word: /\bmend(?:s|ed|ing)?\b/, instead: 'fix, repair, correct' },
  { word: /\banew\b/, instead: 'again' },
  { word: /\bby (?:itself|themselves)\b/, instead: 'automatically; on its own' },
  { word: /\bwho(?:m)?ever\b/, instead: 'the caller, the one that' },
  { word: /\bturn(?:s|ed)? away\b/, instead: 'refuse, reject' },
  { word: /\b(?:left|leaves?) the stream\b/, instead: 'expired from the stream' },
  { word: /\btold\b/, instead: 'logged, reported' },
  { word: /\baloud\b|\bforetells?\b/, instead: 'print; preview' },
  { word: /\bhand(?:s|ed|ing)? out\b/, instead: 'deliver' },
  { word: /\bleft out\b/, instead: 'omitted' },
  { word: /\blets? go\b/, in: /^(?!src\/web\/)/, instead: 'delete, release' },
  { word: /\bformer life\b/, instead: 'an earlier process with the same worker id' },
];

/** Where a retired word stays, and why. The text is taken out of the line before the words are looked for. */
interface Exception {
  readonly text: RegExp;
  readonly in?: RegExp;
  readonly because: string;
}

const EXCEPTIONS: readonly Exception[] = [
  {
    text: /settled-|\bsettledAt\b|\bcalled settling\b/g,
    because: 'stored names: settled-00000001.jsonl, settled-totals.json and a key in their lines',
  },
  {
    text: /allSettled|\bpromises?\b.{0,40}\bsettle[sd]?\b|\bsettle[sd]?\b.{0,40}\bpromises?\b/gi,
    because: 'promises settle',
  },
  { text: /'fate'|\bfate=|`fate`/g, in: /^src\/metrics\/|^docs\//, because: 'label of a public metric' },
  {
    text: /\b(?:books|fate)\b/g,
    in: /^src\/(?:http\/gateway-view|gateway\/gateway-ledger|rules\/explain-record|http\/routes\/bounded-detail)\.ts$/,
    because: 'old keys in answers of the API, beside the new ones for one version',
  },
  {
    text: /`(?:books|fate|settling|lanes)`/g,
    in: /^docs\//,
    because: 'old names that the documentation maps to the new ones',
  },
  {
    text: /sluice-?[Bb]ooks/g,
    in: /^src\/stream\/kinesis\/leases\/|^docs\/kinesis\.md$/,
    because: 'row and attribute of lease tables that were written by version 0.1',
  },
  {
    text: /\blanes\b/g,
    in: /^src\/config\/|^docs\/configuration\.md$/,
    because: 'old key of the configuration, read as an alias',
  },
  {
    text: /\baccount\b/g,
    in: /^docs\/(?:kinesis|errors)\.md$|^src\/stream\/kinesis\/aws\//,
    because: 'an AWS account',
  },
  {
    text: /sluiceFoldedShardIds/g,
    in: /^src\/stream\/kinesis\/leases\//,
    because: 'attribute of stored lease tables',
  },
];

describe('the words of the project', () => {
  it('has an exception only where something uses it', () => {
    const lines = files().flatMap((path) => [...linesOf(path)].map(({ raw }) => ({ path, raw })));
    const unused = EXCEPTIONS.filter(
      (one) => !lines.some(({ path, raw }) => (one.in?.test(path) ?? true) && raw.search(one.text) >= 0),
    );
    expect(unused.map(({ because }) => because)).toEqual([]);
  });

  it('sees retired words in texts and in parts of names', () => {
    const found = (line: string) => findings('src/http/x.ts', line).map(({ word }) => word);
    expect(found('// The books balance.')).toEqual(['books']);
    expect(found('readonly #booksOf = SETTLING_DESK;')).toEqual(['books', 'settling', 'desk']);
    expect(found("import { x } from './sole-owner.js'; // Promise.allSettled")).toEqual(['sole owner']);
    expect(found('const heartbeat = bookkeeping(unsettledTurns);')).toEqual(['unsettled']);
  });

  it('are plain: no retired word is left', () => {
    const all = files().flatMap((path) =>
      [...linesOf(path)].flatMap(({ number, raw }) =>
        findings(path, raw).map(({ word, instead }) => `${path}:${number}: "${word}": write ${instead}`),
      ),
    );
    expect(all, `\n${all.join('\n')}\n`).toHaveLength(0);
  });
});

function files(): string[] {
  const below = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`);
  const own = readdirSync(ROOT).filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md');
  return [...below('src'), ...below('docs'), ...own].filter((path) => /\.(?:ts|js|html|md)$/.test(path));
}

function* linesOf(path: string): Generator<{ number: number; raw: string }> {
  for (const [index, raw] of readFileSync(join(ROOT, path), 'utf8').split('\n').entries())
    yield { number: index + 1, raw };
}

function findings(path: string, raw: string): { word: string; instead: string }[] {
  const line = EXCEPTIONS.filter((one) => one.in?.test(path) ?? true).reduce(
    (text, one) => text.replace(one.text, ' '),
    raw,
  );
  const apart = partsOfNames(line);
  return RETIRED.filter((one) => one.in?.test(path) ?? true).flatMap(({ word, exact, instead }) => {
    const found = word?.exec(apart) ?? exact?.exec(line);
    return found == null ? [] : [{ word: found[0], instead }];
  });
}

/** `#booksOf` → "books of", `SOLE_OWNER` → "sole owner". */
function partsOfNames(line: string): string {
  return line
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/[_-]/g, ' ')
    .toLowerCase();
}
