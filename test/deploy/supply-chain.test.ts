import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../src/lib/package-root.js';

const ROOT = packageRoot();
const textOf = (name: string) => readFileSync(join(ROOT, name), 'utf8');

interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}
const LOCKED = Object.entries(
  (JSON.parse(textOf('package-lock.json')) as { packages: Record<string, LockedPackage> }).packages,
).filter(([path]) => path !== '');
const PACKAGE = JSON.parse(textOf('package.json')) as {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly optionalDependencies: Record<string, string>;
};

/** Packages with an install script. It never runs (`.npmrc`); the reason says why they work without it. */
const WITH_INSTALL_SCRIPT: Readonly<Record<string, string>> = {
  'node_modules/aws-kinesis-agg/node_modules/protobufjs': 'its script only prints a notice of a version',
  'node_modules/classic-level': 'it brings a binary for each platform; its script only looks for one',
  'node_modules/leveldown': 'it brings a binary for each platform; its script only looks for one',
};

describe('[security 51] an installation', () => {
  it('runs no script of any package', () => {
    expect(textOf('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    for (const name of ['Dockerfile', '.ci/run']) {
      for (const line of textOf(name)
        .split('\n')
        .filter((one) => /\bnpm ci\b/.test(one))) {
        expect(line, name).toContain('--ignore-scripts');
      }
    }
  });

  it('has no package with an install script, except those of the tests that work without it', () => {
    const scripted = LOCKED.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    expect(scripted.map(([path]) => path).sort()).toEqual(Object.keys(WITH_INSTALL_SCRIPT).sort());
    for (const [path, { dev }] of scripted) expect(dev, `${path} is needed to run`).toBe(true);
  });

  it('takes only bytes that the lock file names by their checksum', () => {
    const without = LOCKED.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? ''));
    expect(without.map(([path]) => path)).toEqual([]);
  });

  it('is compared in CI with what the registry has signed', () => {
    expect(textOf('.github/workflows/ci.yml')).toContain('npm audit signatures');
  });
});

describe('[security 52] dependencies', () => {
  it('are named with their exact versions, aedes among them', () => {
    const { dependencies, devDependencies, optionalDependencies } = PACKAGE;
    const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(all.filter(([, range]) => !/^\d+\.\d+\.\d+[\w.-]*$/.test(range))).toEqual([]);
    expect(dependencies.aedes).toBe('1.2.0');
    expect(textOf('.npmrc')).toMatch(/^save-exact=true$/m);
  });

  it('are few', () => {
    expect(Object.keys(PACKAGE.dependencies).length).toBeLessThanOrEqual(26);
    expect(LOCKED.filter(([, { dev }]) => dev !== true).length).toBeLessThanOrEqual(200);
  });
});

const hexOfSha512 = z.object({ alg: z.literal('SHA-512'), content: z.string().regex(/^[0-9a-f]{128}$/) });
const license = z.union([
  z.strictObject({ license: z.strictObject({ id: z.string().min(1) }) }),
  z.strictObject({ expression: z.string().min(1) }),
]);
/** The part of CycloneDX 1.6 that we write. */
const sbomSchema = z.strictObject({
  $schema: z.literal('http://cyclonedx.org/schema/bom-1.6.schema.json'),
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.6'),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.literal(1),
  metadata: z.strictObject({
    component: z.strictObject({
      type: z.literal('application'),
      'bom-ref': z.string(),
      name: z.string(),
      version: z.string(),
      purl: z.string(),
    }),
  }),
  components: z.array(
    z.strictObject({
      type: z.literal('library'),
      'bom-ref': z.string(),
      group: z.string().startsWith('@').optional(),
      name: z.string(),
      version: z.string(),
      scope: z.enum(['required', 'optional']),
      hashes: z.array(hexOfSha512).length(1),
      licenses: z.array(license).length(1),
      purl: z.string().startsWith('pkg:npm/'),
    }),
  ),
  dependencies: z.array(z.strictObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

/** Makes the SBOM as a release does. */
function sbom(): z.infer<typeof sbomSchema> {
  execFileSync(process.execPath, [join(ROOT, 'bin', 'sbom.js')], { stdio: 'ignore' });
  return sbomSchema.parse(JSON.parse(textOf('dist/sbom.cdx.json')));
}

/** `name@version` of all that the packages in node_modules ask for, found as Node finds it and without the lock file. */
function installedPackages(): Set<string> {
  const found = new Set<string>();
  const visited = new Set<string>();
  const visit = (folder: string, names: readonly string[]) => {
    for (const name of names) {
      const place = placeOf(folder, name);
      // An optional package for another platform.
      if (place === undefined || visited.has(place)) continue;
      visited.add(place);
      const { version, dependencies, optionalDependencies, peerDependencies } = JSON.parse(
        readFileSync(join(place, 'package.json'), 'utf8'),
      ) as Partial<typeof PACKAGE> & { readonly peerDependencies?: Record<string, string> };
      found.add(`${name}@${version}`);
      visit(place, Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }));
    }
  };
  visit(ROOT, Object.keys({ ...PACKAGE.dependencies, ...PACKAGE.optionalDependencies }));
  return found;
}

function placeOf(folder: string, name: string): string | undefined {
  for (let from = folder; from.startsWith(ROOT); from = dirname(from)) {
    const place = join(from, 'node_modules', name);
    if (existsSync(join(place, 'package.json'))) return place;
  }
  return undefined;
}

describe('[security 53] the SBOM of a release', () => {
  it('is valid and says which release it is of', () => {
    const { metadata, components, dependencies } = sbom();
    expect(metadata.component).toMatchObject({ name: PACKAGE.name, version: PACKAGE.version });
    const refs = [metadata.component['bom-ref'], ...components.map((component) => component['bom-ref'])];
    expect(new Set(refs).size).toBe(refs.length);
    expect(dependencies.map(({ ref }) => ref).sort()).toEqual([...refs].sort());
    expect(dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.includes(ref))).toEqual(
      [],
    );
  });

  it('is complete: it has every package that is installed to run, and all that can be reached', () => {
    const { metadata, components, dependencies } = sbom();
    const listed = new Set(
      components.map(
        ({ group, name, version }) => `${group === undefined ? '' : `${group}/`}${name}@${version}`,
      ),
    );
    const installed = installedPackages();
    expect(installed.size).toBeGreaterThan(100);
    expect([...installed].filter((one) => !listed.has(one))).toEqual([]);
    const edges = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set<string>();
    const walk = (ref: string) => {
      if (reached.has(ref)) return;
      reached.add(ref);
      edges.get(ref)?.forEach(walk);
    };
    walk(metadata.component['bom-ref']);
    expect(components.map((component) => component['bom-ref']).filter((ref) => !reached.has(ref))).toEqual(
      [],
    );
  });

  it('has no package of the tests, and the same bytes each time', () => {
    const { components } = sbom();
    const names = components.map(({ name }) => name);
    for (const name of ['vitest', 'typescript', 'dynalite']) expect(names).not.toContain(name);
    const first = textOf('dist/sbom.cdx.json');
    sbom();
    expect(textOf('dist/sbom.cdx.json')).toBe(first);
  });
});
