#!/usr/bin/env node
// Writes dist/sbom.cdx.json, a CycloneDX 1.6 list of everything that is installed to run Sluice, out of package-lock.json. The
// same lock file gives the same bytes: there is no time and no random number in it.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The list for the text of a package-lock.json, as an object. */
export function sbomOf(lockText) {
  const lock = JSON.parse(lockText);
  const installed = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  const refOf = new Map(installed.map(([path, { version }]) => [path, purl(nameOf(path), version)]));
  const root = lock.packages[''];
  const rootRef = purl(root.name, root.version);
  const components = new Map();
  const edges = new Map([[rootRef, new Set(dependenciesOf('', root, refOf))]]);
  for (const [path, entry] of installed) {
    const ref = refOf.get(path);
    // A package may be installed in two places in the same version.
    const known = components.get(ref);
    components.set(ref, componentOf(ref, nameOf(path), entry, known?.scope === 'required'));
    edges.set(ref, new Set([...(edges.get(ref) ?? []), ...dependenciesOf(path, entry, refOf)]));
  }
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(lockText)}`,
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': rootRef,
        name: root.name,
        version: root.version,
        purl: rootRef,
      },
    },
    components: sorted([...components.keys()]).map((ref) => components.get(ref)),
    dependencies: sorted([...edges.keys()]).map((ref) => ({ ref, dependsOn: sorted([...edges.get(ref)]) })),
  };
}

function componentOf(ref, name, { version, license, integrity, optional, devOptional }, isRequired) {
  const [group, short] = name.startsWith('@') ? name.split('/') : [undefined, name];
  return {
    type: 'library',
    'bom-ref': ref,
    ...(group !== undefined && { group }),
    name: short,
    version,
    scope: isRequired || !(optional || devOptional) ? 'required' : 'optional',
    ...(integrity !== undefined && { hashes: [hashOf(integrity)] }),
    ...(license !== undefined && { licenses: [licenseOf(license)] }),
    purl: ref,
  };
}

/** `sha512-<base64>` of the lock file, in hexadecimal digits. */
function hashOf(integrity) {
  const [algorithm, digest] = integrity.split('-');
  return { alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') };
}

/** Several licences are an expression, one is an id. */
function licenseOf(license) {
  return / (AND|OR|WITH) /.test(license) ? { expression: license } : { license: { id: license } };
}

/** The packages that the one at `path` loads: each is the nearest of its name on the way up, as Node looks for it. */
function dependenciesOf(path, { dependencies, optionalDependencies, peerDependencies }, refOf) {
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  return names.map((name) => refOf.get(nearest(path, name, refOf))).filter((ref) => ref !== undefined);
}

function nearest(path, name, refOf) {
  for (let from = path; ; from = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')))) {
    const candidate = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
    if (refOf.has(candidate)) return candidate;
    if (from === '') return undefined;
  }
}

function nameOf(path) {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function purl(name, version) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** A UUID of version 8, whose bits are of the one who makes it: here the checksum of the lock file. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** By code units, which do not depend on the language of the machine. */
function sorted(texts) {
  return texts.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sbom = sbomOf(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(join(ROOT, 'dist', 'sbom.cdx.json'), `${JSON.stringify(sbom, undefined, 2)}\n`);
  process.stdout.write(`dist/sbom.cdx.json: ${sbom.components.length} packages\n`);
}
