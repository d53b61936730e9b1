/**
 * Light or dark. A plain script in the head, so that it runs before the first paint: the page never flashes in
 * the other theme. It puts the outcome on the root element as `data-theme`; `themechange` on the document says
 * that it changed.
 */
(() => {
  const KEPT_AS = 'sluice.theme';
  const CHOICES = ['system', 'light', 'dark'];
  const WORDS = { system: 'Auto', light: 'Light', dark: 'Dark' };
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen = kept();
  apply();
  system.addEventListener('change', apply);

  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    show(button);
    button.addEventListener('click', () => {
      chosen = CHOICES[(CHOICES.indexOf(chosen) + 1) % CHOICES.length];
      keep();
      apply();
      show(button);
    });
  });

  function apply() {
    const wanted = chosen === 'system' ? (system.matches ? 'dark' : 'light') : chosen;
    const root = document.documentElement;
    if (root.dataset.theme === wanted) return;
    root.dataset.theme = wanted;
    document.dispatchEvent(new Event('themechange'));
  }

  function show(button) {
    button.dataset.choice = chosen;
    button.lastElementChild.textContent = WORDS[chosen];
    button.title =
      chosen === 'system'
        ? 'Light or dark as the system says; click for light'
        : `Always ${chosen}; click for ${chosen === 'light' ? 'dark' : 'as the system says'}`;
  }

  // A browser may refuse storage altogether; then the choice lasts as long as the page.
  function kept() {
    try {
      const stored = localStorage.getItem(KEPT_AS);
      return CHOICES.includes(stored) ? stored : 'system';
    } catch {
      return 'system';
    }
  }

  function keep() {
    try {
      localStorage.setItem(KEPT_AS, chosen);
    } catch {}
  }
})();
