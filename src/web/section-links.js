import { byId, element } from './dom.js';

/**
 * Adds a link in the header to each section with a heading of its own, and marks the section that is being read.
 *
 * @param {HTMLElement} list
 */
export function linkSections(list) {
  /** @type {NodeListOf<HTMLElement>} */
  const found = document.querySelectorAll('main > section[aria-labelledby]:not([data-unlisted])');
  const sections = [...found];
  const links = new Map(sections.map((section) => [section, linkTo(section)]));
  const items = new Map([...links].map(([section, link]) => [section, element('li', {}, link)]));
  list.append(...items.values());

  const showHidden = () => {
    for (const [section, item] of items) item.hidden = section.hidden;
  };
  const changes = new MutationObserver(showHidden);
  for (const section of sections) changes.observe(section, { attributeFilter: ['hidden'] });
  showHidden();

  /** @type {Set<Element>} */
  const inView = new Set();
  const view = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) inView.add(target);
        else inView.delete(target);
      }
      mark(
        list,
        links,
        sections.find((section) => inView.has(section)),
      );
    },
    // The part of the window where one reads: from where a heading comes to stand after a jump, above the middle.
    { rootMargin: `${8 - headingTop()}px 0px -45% 0px` },
  );
  for (const section of sections) view.observe(section);
}

/**
 * Links within the page scroll and move the focus, but leave the address alone: the part after its # holds what the
 * charts show.
 */
export function jumpWithinPage() {
  document.addEventListener('click', (click) => {
    const link = click.target instanceof Element ? click.target.closest('a[href^="#"]') : null;
    const target = document.getElementById(link?.getAttribute('href')?.slice(1) ?? '');
    if (target === null || click.ctrlKey || click.metaKey || click.shiftKey) return;
    click.preventDefault();
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  });
}

function headingTop() {
  return Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop);
}

/** @param {HTMLElement} section */
function linkTo(section) {
  const title = byId(section.getAttribute('aria-labelledby') ?? '');
  const badge = element('span', { class: 'badge', hidden: '' });
  return element('a', { href: `#${title.id}` }, title.textContent, badge);
}

/**
 * @param {HTMLElement} list
 * @param {ReadonlyMap<HTMLElement, HTMLElement>} links
 * @param {HTMLElement | undefined} read
 */
function mark(list, links, read) {
  for (const [section, link] of links) {
    if (section !== read) link.removeAttribute('aria-current');
    else if (!link.hasAttribute('aria-current')) {
      link.setAttribute('aria-current', 'true');
      // On a phone the links are wider than the screen.
      list.scrollTo({ left: link.offsetLeft - list.offsetLeft - list.clientWidth / 3 });
    }
  }
}
