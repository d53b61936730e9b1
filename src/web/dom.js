/** @import { Attributes, Child } from './types.js' */

/**
 * Everything that the page shows goes through here as text nodes: topics, tag values and names come from devices,
 * and the page's security policy refuses anything else.
 */

/**
 * The element with this id, which must be of this kind.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function byId(id, kind) {
  const node = document.getElementById(id);
  if (!isOfKind(node, kind)) throw new Error(`The page has no #${id} of the kind that is needed.`);
  return node;
}

/**
 * @template {HTMLElement} T
 * @param {HTMLElement | null} node
 * @param {(new () => T) | undefined} kind
 * @returns {node is T}
 */
function isOfKind(node, kind) {
  return node !== null && (kind === undefined || node instanceof kind);
}

/**
 * An element with attributes (`class`, `id`, …) and children: nodes, or strings that become text.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {readonly Child[]} children
 */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * The same for SVG.
 *
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {readonly Child[]} children
 */
export function svgElement(tag, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/**
 * @template {Element} T
 * @param {T} node
 * @param {Attributes} attributes
 * @param {readonly Child[]} children
 */
function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/**
 * Writes only what changed: a screen reader must not read a live region every second, and a selection must stay.
 *
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} node @param {string} name */
export function setClass(node, name) {
  if (node.className !== name) node.className = name;
}

/** @param {Element} node @param {string} name @param {string} value */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Makes these nodes the content of the box, in this order. A node that stays is not moved without need, and one that is
 * moved keeps the focus.
 *
 * @param {Element} box
 * @param {readonly HTMLElement[]} nodes
 */
export function putInOrder(box, nodes) {
  const focused = document.activeElement;
  const kept = new Set(nodes);
  for (const child of [...box.children])
    if (!(child instanceof HTMLElement && kept.has(child))) child.remove();
  let next = box.firstElementChild;
  for (const node of nodes) {
    if (node === next) next = next.nextElementSibling;
    else box.insertBefore(node, next);
  }
  if (focused !== document.activeElement && focused instanceof HTMLElement && box.contains(focused))
    focused.focus({ preventScroll: true });
}

/** Replaces the nodes in the box only when `key` has changed, so that focus and selection stay. */
export class Redrawn {
  /** @readonly */
  box;
  /** @type {string | null} */
  #key = null;

  /** @param {Element} box */
  constructor(box) {
    this.box = box;
  }

  /** @param {string} key @param {() => readonly Child[]} makeNodes */
  show(key, makeNodes) {
    if (key === this.#key) return;
    this.#key = key;
    this.box.replaceChildren(...makeNodes());
  }
}
