#!/usr/bin/env node
// Starts the compiled program. In a fresh clone nothing is compiled yet: that is done here, once.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? '', '..');
const entry = join(root, 'dist', 'src', 'main.js');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`sluice needs Node 20.19 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}
if (!existsSync(entry)) compileOnce();
const { runProcess } = await import('../dist/src/main.js');
await runProcess();

function compileOnce() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) {
    process.stderr.write(
      'sluice is not compiled and the compiler is not installed: run npm ci, then npm run build\n',
    );
    process.exit(1);
  }
  process.stderr.write('compiling once…\n');
  // Beside its place and then renamed: another start at the same moment must not load half a program.
  const outDirectory = join(root, `dist.${process.pid}`);
  const buildInfo = join(outDirectory, '.tsbuildinfo');
  const args = [
    compiler,
    '-p',
    'tsconfig.build.json',
    '--outDir',
    outDirectory,
    '--tsBuildInfoFile',
    buildInfo,
  ];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    rmSync(outDirectory, { recursive: true, force: true });
    process.stderr.write('sluice could not be compiled; npm run build shows why\n');
    process.exit(1);
  }
  try {
    // What is left of an earlier, broken-off build has no entry and is in the way.
    if (!existsSync(entry)) rmSync(join(root, 'dist'), { recursive: true, force: true });
    if (!existsSync(entry)) renameSync(outDirectory, join(root, 'dist'));
  } catch (thrown) {
    // The other start was quicker.
    if (!existsSync(entry)) throw thrown;
  } finally {
    rmSync(outDirectory, { recursive: true, force: true });
  }
}
