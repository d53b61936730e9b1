/**
 * Everything the page shows goes through here as text nodes: topics, tag values and names come from devices,
 * and the page's security policy refuses anything else.
 */

export function byId(id) {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`The page has no #${id}.`);
  return node;
}

/** An element with attributes (`class`, `id`, …) and children: nodes, or strings that become text. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svgElement(tag, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Writes only what changed: a live region must not speak every second, nor a selection be lost. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, name) {
  if (node.className !== name) node.className = name;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Puts the nodes into the box only when `key` says that they are other ones: focus and selection stay. */
export class Redrawn {
  #box;
  #key = null;

  constructor(box) {
    this.#box = box;
  }

  show(key, makeNodes) {
    if (key === this.#key) return;
    this.#key = key;
    this.#box.replaceChildren(...makeNodes());
  }
}
