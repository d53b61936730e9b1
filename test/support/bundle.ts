import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** What is started by its path: the command line, and the worker threads. */
const ENTRIES = { main: 'main.js', 'worker-entry': 'pipeline/worker/worker-entry.js' };

/** These look for files beside their own. */
const OUTSIDE = [/^@duckdb\/node-bindings/, 'pino-pretty'];

const LAUNCHER = "import { runProcess } from './main.js';\nawait runProcess();\n";

/** An older bundle may be in use by a run that began before the last change. */
const KEPT_MS = 3_600_000;

/**
 * Puts dist/src and what it imports into few files, and returns the path of its launcher. Node spends a millisecond of
 * CPU time on each module that it loads: a gateway of two thousand starts in half the time as one of a hundred.
 */
export async function bundle(root: string): Promise<string> {
  const folder = join(root, 'dist', 'bundle');
  const directory = join(folder, String(Math.trunc(newestMs(root))));
  const launcher = join(directory, 'sluice.js');
  if (existsSync(launcher)) return launcher;
  const temporary = `${directory}.${process.pid}`;
  const source = join(root, 'dist', 'src');
  const graph = await rolldown({
    input: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(source, path)])),
    platform: 'node',
    external: OUTSIDE,
  });
  await graph.write({ dir: temporary, format: 'esm' });
  await graph.close();
  writeFileSync(join(temporary, 'sluice.js'), LAUNCHER);
  removeOld(folder);
  moveTo(temporary, directory);
  return launcher;
}

/** When the youngest file was written that the bundle depends on. */
function newestMs(root: string): number {
  const built = readdirSync(join(root, 'dist', 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const files = [...built, import.meta.filename, join(root, 'package-lock.json')];
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

function removeOld(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (modifiedMs < Date.now() - KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** Another run may have made the same one meanwhile. */
function moveTo(temporary: string, directory: string): void {
  try {
    renameSync(temporary, directory);
  } catch (thrown) {
    if (!existsSync(directory)) throw thrown;
    rmSync(temporary, { recursive: true, force: true });
  }
}
