/**
 * A person at the keyboard keeps their place while the page changes under them. A browser takes the focus away from a
 * control that is disabled, hidden or removed.
 */

const CONTROLS = 'a[href], button, select, input, summary, [tabindex="0"]';

/** @typedef {{ node: HTMLElement, controls: readonly HTMLElement[] }} Place */

/**
 * The control outside the dialogs that has the focus by keyboard, and all controls in their order at that time. While
 * a dialog is open, the control that the browser gives the focus back to.
 *
 * @type {Place | null}
 */
let place = null;

/** When the focused control is hidden or removed, the focus goes to the nearest control before it. */
export function keepFocus() {
  document.addEventListener('focusin', ({ target }) => notePlace(target));
  document.addEventListener('focusout', ({ target }) => switchOff(target));
  document.addEventListener('pointerdown', () => {
    place = null;
  });
  // Before the listeners of the control.
  document.addEventListener('click', refuse, { capture: true });
  new MutationObserver(restore).observe(document.body, {
    subtree: true,
    childList: true,
    attributeFilter: ['hidden', 'disabled', 'open'],
  });
}

/**
 * Switches a control off or on. One that has the focus keeps it: until the focus moves on it is marked as off, and
 * presses do nothing.
 *
 * @param {HTMLButtonElement | HTMLSelectElement} control
 * @param {boolean} isDisabled
 */
export function setDisabled(control, isDisabled) {
  const isFocused = document.activeElement === control;
  control.disabled = isDisabled && !isFocused;
  if (isDisabled && isFocused) control.setAttribute('aria-disabled', 'true');
  else control.removeAttribute('aria-disabled');
}

/** @param {EventTarget | null} target */
function notePlace(target) {
  if (!(target instanceof HTMLElement) || target.closest('dialog') !== null) return;
  place = target.matches(':focus-visible')
    ? { node: target, controls: [...document.querySelectorAll(CONTROLS)].filter(isOutsideDialogs) }
    : null;
}

/**
 * @param {Element} node
 * @returns {node is HTMLElement}
 */
function isOutsideDialogs(node) {
  return node instanceof HTMLElement && node.closest('dialog') === null;
}

/** @param {EventTarget | null} target */
function switchOff(target) {
  if (!(target instanceof HTMLButtonElement || target instanceof HTMLSelectElement)) return;
  // A window that loses the focus gives it back to the same control later.
  if (target.getAttribute('aria-disabled') !== 'true' || document.activeElement === target) return;
  place = null;
  setDisabled(target, true);
}

/** @param {Event} click */
function refuse(click) {
  const { target } = click;
  if (!(target instanceof Element) || target.closest('[aria-disabled="true"]') === null) return;
  click.preventDefault();
  click.stopImmediatePropagation();
}

function restore() {
  if (place === null || isThere(place.node)) return;
  const { activeElement } = document;
  if (activeElement !== document.body && activeElement !== place.node) return;
  const at = place.controls.indexOf(place.node);
  const nearest = [...place.controls.slice(0, at).reverse(), ...place.controls.slice(at + 1)];
  nearest.find((node) => isThere(node) && node.checkVisibility())?.focus({ preventScroll: true });
}

/** @param {HTMLElement} node */
function isThere(node) {
  return node.isConnected && !node.matches(':disabled') && node.closest('[hidden]') === null;
}
