#!/usr/bin/env node
// Makes dist out of the TypeScript sources by taking the types out of them; `npm run typecheck` checks the types.
// The compiler would be 30 MB of production dependency; without types every source is one output and needs no other.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const FOLDERS = ['src', 'simulators', 'bench', 'harness'];

/**
 * Writes each output whose source is newer, and removes those without a source. Each file appears complete, so that
 * two programs that build at the same time do not disturb each other. Throws an error with a sentence for the user.
 */
export async function build() {
  const sources = FOLDERS.flatMap((folder) => filesBelow(folder, '.ts'));
  const outdated = sources.filter((source) => isOutdated(join(ROOT, source), outputOf(source)));
  removeWithoutSource(new Set(sources.map(outputOf)));
  if (outdated.length === 0) return;
  const { transformSync } = await loadStripper();
  for (const source of outdated) {
    const text = readFileSync(join(ROOT, source), 'utf8');
    writeWhole(outputOf(source), stripTypes(transformSync, source, text));
  }
}

function removeWithoutSource(outputs) {
  for (const folder of FOLDERS) {
    for (const file of filesBelow(join('dist', folder), '')) {
      if (!outputs.has(join(ROOT, file))) rmSync(join(ROOT, file), { force: true });
    }
  }
}

/** Every file below a folder of the repository that ends like this, as a path from its root. */
function filesBelow(folder, ending) {
  const directory = join(ROOT, folder);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath ?? entry.path, entry.name)));
}

function outputOf(source) {
  return join(ROOT, 'dist', source.replace(/\.ts$/, '.js'));
}

function isOutdated(source, output) {
  const written = statSync(output, { throwIfNoEntry: false });
  return written === undefined || written.mtimeMs < statSync(source).mtimeMs;
}

async function loadStripper() {
  try {
    return (await import('@swc/wasm-typescript')).default;
  } catch (thrown) {
    if (thrown.code !== 'ERR_MODULE_NOT_FOUND') throw thrown;
    throw new Error('sluice is not built and its dependencies are not installed: run npm ci');
  }
}

function stripTypes(transformSync, source, text) {
  try {
    return transformSync(text, { mode: 'strip-only', filename: source }).code;
  } catch (thrown) {
    // Not an Error but an object of the parser, with the line beside the message.
    throw new Error(
      `${source}:${thrown.startLine} cannot be built: ${thrown.message}\n${thrown.snippet ?? ''}`,
    );
  }
}

function writeWhole(path, text) {
  const temporary = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build();
  } catch (thrown) {
    process.stderr.write(`${thrown.message}\n`);
    process.exitCode = 1;
  }
}
