/**
 * Light or dark. A plain script in the head, so that it runs before the first paint: the page never flashes in
 * the other theme. It sets `data-theme` on the root element and sends `themechange` on the document when the theme
 * has changed.
 */
(() => {
  const KEPT_AS = 'sluice.theme';
  const CHOICES = [
    { name: 'system', label: 'Auto', hint: 'Light or dark like the system; click for light' },
    { name: 'light', label: 'Light', hint: 'Always light; click for dark' },
    { name: 'dark', label: 'Dark', hint: 'Always dark; click for the system’s theme' },
  ];
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen = kept();
  apply();
  system.addEventListener('change', apply);

  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    if (button === null) return;
    show(button);
    button.addEventListener('click', () => {
      chosen = CHOICES[(CHOICES.indexOf(chosen) + 1) % CHOICES.length];
      keep();
      apply();
      show(button);
    });
  });

  function apply() {
    const wanted = chosen.name === 'system' ? (system.matches ? 'dark' : 'light') : chosen.name;
    const root = document.documentElement;
    if (root.dataset.theme === wanted) return;
    root.dataset.theme = wanted;
    document.dispatchEvent(new Event('themechange'));
  }

  /** @param {HTMLElement} button */
  function show(button) {
    button.dataset.choice = chosen.name;
    button.title = chosen.hint;
    const label = button.lastElementChild;
    if (label !== null) label.textContent = chosen.label;
  }

  // A browser may refuse storage altogether. Then the choice lasts as long as the page.
  function kept() {
    let name = null;
    try {
      name = localStorage.getItem(KEPT_AS);
    } catch {}
    return CHOICES.find((choice) => choice.name === name) ?? CHOICES[0];
  }

  function keep() {
    try {
      localStorage.setItem(KEPT_AS, chosen.name);
    } catch {}
  }
})();
