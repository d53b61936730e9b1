#!/usr/bin/env node
// Starts the compiled program. In a clone of the repository it first builds what has changed since the last start.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`sluice needs Node 20.19 or newer; this is ${process.versions.node}`);
}
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
if (existsSync(join(root, 'src', 'main.ts'))) {
  const { build } = await import('./build.js');
  await build().catch((thrown) => fail(thrown.message));
}
if (!existsSync(join(root, 'dist', 'src', 'main.js'))) {
  fail(
    `sluice is not complete: ${join(root, 'dist')} is missing. Install it again, or build it in a clone with npm ci`,
  );
}
const { runProcess } = await import('../dist/src/main.js');
await runProcess();

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
