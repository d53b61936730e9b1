/**
 * Lets a `details` element that is a menu be closed by Escape, and by a press elsewhere.
 *
 * @param {HTMLDetailsElement} menu
 */
export function closeWithEscape(menu) {
  menu.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || !menu.open) return;
    menu.open = false;
    menu.querySelector('summary')?.focus();
  });
  document.addEventListener('pointerdown', ({ target }) => {
    if (target instanceof Node && !menu.contains(target)) menu.open = false;
  });
}
