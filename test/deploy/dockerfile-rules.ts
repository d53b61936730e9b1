import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/lib/package-root.js';
import { type Instruction, readCopy, readDockerfile, type Stage } from './dockerfile.js';

const PINNED_IMAGE = /^[a-z0-9./_-]+:\d+\.\d+\.\d+(-[a-z0-9-]+)?$/;
/** Release lines of Node that get fixes: 22 until April 2027, 24 until April 2028, 26 until April 2029. */
const SUPPORTED_NODE: ReadonlySet<number> = new Set([22, 24, 26]);
const KNOWN_KEYWORDS =
  /^(WORKDIR|COPY|RUN|ENV|USER|EXPOSE|VOLUME|HEALTHCHECK|STOPSIGNAL|CMD|ENTRYPOINT|LABEL)$/;

/** Everything that is wrong with a Dockerfile, one line each. */
export function dockerfileProblems(text: string): string[] {
  const stages = readDockerfile(text);
  const last = stages.at(-1);
  if (last === undefined) return ['no stage'];
  return [
    ...(stages.length > 1 ? [] : ['a single stage: the sources would be in the image']),
    ...stages.flatMap((stage, index) =>
      stageProblems(stage, stages.slice(0, index)).map((problem) => `${stage.name}: ${problem}`),
    ),
    ...imageProblems(last),
  ];
}

function stageProblems(stage: Stage, earlier: readonly Stage[]): string[] {
  const { instructions } = stage;
  const problems = instructions
    .filter(({ keyword }) => !KNOWN_KEYWORDS.test(keyword))
    .map(({ keyword }) => `${keyword} is not used here`);
  if (!PINNED_IMAGE.test(stage.image)) problems.push(`${stage.image} is not a pinned version`);
  const major = Number(/^node:(\d+)\./.exec(stage.image)?.[1]);
  if (!SUPPORTED_NODE.has(major)) problems.push(`${stage.image} is no supported release line of Node`);
  for (const instruction of of(stage, 'COPY')) problems.push(...copyProblems(instruction, earlier));
  const install = instructions.findIndex(({ keyword, args }) => keyword === 'RUN' && /\bnpm ci\b/.test(args));
  if (install === -1) return problems;
  const before = instructions.slice(0, install).filter(({ keyword }) => keyword === 'COPY');
  const copied = before.flatMap((instruction) => readCopy(instruction).sources).sort();
  if (copied.join() !== 'package-lock.json,package.json') {
    problems.push(
      'npm ci does not follow the package files directly: each change of a source would install again',
    );
  }
  if (!instructions[install]!.args.includes('--omit=dev')) problems.push('npm ci installs development tools');
  if (!instructions[install]!.args.includes('--ignore-scripts')) problems.push('npm ci runs install scripts');
  return problems;
}

function copyProblems(instruction: Instruction, earlier: readonly Stage[]): string[] {
  const { from, sources } = readCopy(instruction);
  if (from !== undefined) {
    return earlier.some(({ name }) => name === from)
      ? []
      : [`COPY from ${from}, which is not an earlier stage`];
  }
  const missing = sources.filter((source) => !existsSync(join(packageRoot(), source)));
  const problems = missing.map((source) => `COPY of ${source}, which is not there`);
  if (sources.includes('.')) problems.push('COPY of everything');
  if (instruction.flags.has('chown')) problems.push('the program could change its own files');
  return problems;
}

function imageProblems(stage: Stage): string[] {
  const problems: string[] = [];
  const keywords = stage.instructions.map(({ keyword }) => keyword);
  const user = of(stage, 'USER').at(-1)?.args ?? 'root';
  if (!/^[1-9]\d*:[1-9]\d*$/.test(user)) problems.push(`runs as ${user}`);
  if (keywords.indexOf('USER') > keywords.indexOf('CMD')) problems.push('USER behind CMD');
  const isRootAgain = stage.instructions
    .slice(keywords.indexOf('USER') + 1)
    .some(({ keyword }) => keyword === 'RUN');
  if (isRootAgain) problems.push('RUN behind USER');
  for (const keyword of ['CMD', 'HEALTHCHECK']) {
    const found = of(stage, keyword);
    if (found.length !== 1) problems.push(`${found.length} times ${keyword}`);
    const words = found[0]?.args.replace(/^CMD\s+/, '') ?? '[]';
    if (!isExecForm(words)) problems.push(`${keyword} runs through a shell`);
  }
  for (const { args } of of(stage, 'VOLUME')) {
    // Without this a named volume belongs to root, and the program cannot write to it.
    const isMade = of(stage, 'RUN').some((run) => run.args.includes('-o 1000') && run.args.endsWith(args));
    if (!isMade) problems.push(`nobody but root can write ${args}`);
  }
  if (of(stage, 'VOLUME').length !== 1) problems.push('not exactly one folder to write to to write');
  return problems;
}

function of(stage: Stage, keyword: string): Instruction[] {
  return stage.instructions.filter((instruction) => instruction.keyword === keyword);
}

function isExecForm(words: string): boolean {
  try {
    const parsed: unknown = JSON.parse(words);
    return Array.isArray(parsed) && parsed.length > 0;
  } catch {
    // Docker runs anything but a JSON list through /bin/sh, which does not pass signals on.
    return false;
  }
}
