import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { type PageFiles, pageFilesOf, readPageBodies } from '../../src/http/page-files.js';
import { dependencyFolder, packageRoot } from '../../src/lib/package-root.js';

/**
 * The live page with its modules in one file. A page without a cache makes 150 requests otherwise, each of which passes through
 * the browser, the server and what watches both: most of the CPU time of a test.
 */
export async function bundledPage(): Promise<PageFiles> {
  const bodies = await readPageBodies();
  const graph = await rolldown({
    input: join(packageRoot(), 'src', 'web', 'page.js'),
    platform: 'browser',
    plugins: [
      {
        name: 'uplot',
        resolveId: (id) =>
          id === './uplot.js' ? join(dependencyFolder('uplot'), 'uPlot.esm.js') : undefined,
      },
    ],
  });
  const { output } = await graph.generate({ format: 'esm', codeSplitting: false });
  await graph.close();
  for (const name of bodies.keys()) {
    // The document loads this one before all others, as a script of its own.
    if (name.endsWith('.js') && name !== 'theme.js') bodies.delete(name);
  }
  bodies.set('page.js', Buffer.from(output[0].code));
  return pageFilesOf(bodies);
}
