import type { MessageProperties } from '../lib/message-properties.js';
import { nearestName } from '../lib/nearest-name.js';
import { quoted } from '../lib/printable.js';
import type { PathProblem } from './path.js';

/** What rules can read of a message with properties: their names in MQTT 5, section 3.3.2.3, as `properties.NAME`. */
const READERS = {
  contentType: ({ contentType }) => contentType,
  responseTopic: ({ responseTopic }) => responseTopic,
  // Bytes: whether they happen to be text must not change what a rule sees.
  correlationData: ({ correlationData }) => correlationData?.toString('base64'),
  payloadFormatIndicator: ({ isText }) => (isText === undefined ? undefined : Number(isText)),
  messageExpiryInterval: ({ expirySeconds }) => expirySeconds,
} as const satisfies Readonly<Record<string, (properties: MessageProperties) => string | number | undefined>>;

type ReadName = keyof typeof READERS;
const READ_NAMES = Object.keys(READERS) as ReadName[];

/** The name below which the properties are that the publisher has named itself. */
export const USER_PROPERTIES = 'user';
const KNOWN_NAMES: readonly string[] = [...READ_NAMES, USER_PROPERTIES];

/** Reads one property of a message; undefined when it has none of that name. */
export type PropertyReader = (properties: MessageProperties | undefined) => string | number | undefined;

/** The reader of a property other than the user properties; undefined for a name that MQTT does not have. */
export function propertyReader(name: string): PropertyReader | undefined {
  if (!isReadName(name)) return undefined;
  const read = READERS[name];
  return (properties) => properties && read(properties);
}

/** Of several user properties with one name the first counts. */
export function userPropertyReader(name: string): PropertyReader {
  return (properties) => {
    if (properties?.userProperties === undefined) return undefined;
    for (const [one, value] of properties.userProperties) if (one === name) return value;
    return undefined;
  };
}

/** The user properties by name, each with its first value. The names are the publisher's: the object inherits nothing. */
export function userPropertyMap(properties: MessageProperties | undefined): Record<string, string> {
  const map = Object.create(null) as Record<string, string>;
  for (const [name, value] of properties?.userProperties ?? []) map[name] ??= value;
  return map;
}

/** All of them as an expression sees them: null where the message has none. */
export function propertyMap(
  properties: MessageProperties | undefined,
): Record<string, string | number | null | Record<string, string>> {
  return {
    ...Object.fromEntries(
      READ_NAMES.map((name) => [name, properties === undefined ? null : (READERS[name](properties) ?? null)]),
    ),
    [USER_PROPERTIES]: userPropertyMap(properties),
  };
}

/** What is wrong with the name of a property that MQTT does not have. */
export function unknownProperty(name: string): Pick<PathProblem, 'problem' | 'hint'> {
  const nearest = nearestName(name, KNOWN_NAMES);
  return {
    problem: `there is no property ${quoted(name)} (there are ${[...READ_NAMES, `${USER_PROPERTIES}.NAME`].join(', ')})`,
    hint:
      nearest === undefined
        ? `one that the publisher has named is written properties.${USER_PROPERTIES}.${name}`
        : `did you mean properties.${nearest}${nearest === USER_PROPERTIES ? '.NAME' : ''}?`,
  };
}

function isReadName(name: string): name is ReadName {
  return Object.hasOwn(READERS, name);
}
