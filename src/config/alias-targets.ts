import { type Alias, type Document, isAlias, type Node, visit } from 'yaml';

export const MAX_ALIASES = 1_000;

/**
 * Finds the node of each alias in one pass; undefined for a file with too many of them. `Alias.resolve` would search the
 * whole document for each.
 */
export function aliasTargets(document: Document.Parsed): ReadonlyMap<Alias, Node> | undefined {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  let aliases = 0;
  visit(document, {
    Node: (_key, node) => {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return undefined;
      }
      aliases += 1;
      if (aliases > MAX_ALIASES) return visit.BREAK;
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
      return undefined;
    },
  });
  return aliases > MAX_ALIASES ? undefined : targets;
}
