import type { Environment } from './environment.js';
import { formatKey } from './problem.js';
import { CONFIGURATION_FILE, YamlReader, type YamlReadOptions } from './yaml-reader.js';
import type { YamlSource } from './yaml-source.js';

/**
 * Reads one YAML document and replaces `${NAME}` in its texts by the variable of `environment`. A key without a value
 * counts as not written. Never throws: errors are in `problems`.
 */
export function readYaml(text: string, file: string, environment: Environment): YamlSource {
  return sourceOf(new YamlReader(text, file, environment));
}

/** Reads one YAML document as it is: `${NAME}` is text, and null is a value unless the options say otherwise. */
export function readPlainYaml(
  text: string,
  file: string,
  options: YamlReadOptions = { ...CONFIGURATION_FILE, keepsNull: true },
): YamlSource {
  return sourceOf(new YamlReader(text, file, undefined, options));
}

function sourceOf(reader: YamlReader): YamlSource {
  return {
    ...reader.read(),
    locationOf: (path) => reader.locationOf(path),
    keyOf: formatKey,
    hintOf: (path) => reader.hintOf(path),
    placeInText: (path, at) => reader.placeInText(path, at),
    variablesOf: (path) => reader.variablesOf(path),
  };
}
