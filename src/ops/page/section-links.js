import { element } from './dom.js';

/** A link in the header to each section with a heading of its own; the one that is read is marked. */
export function linkSections(list) {
  const sections = [...document.querySelectorAll('main > section[aria-labelledby]:not([data-unlisted])')];
  const links = new Map(sections.map((section) => [section, linkTo(section)]));
  list.append(...[...links.values()].map((link) => element('li', {}, link)));

  const showHidden = () => {
    for (const [section, link] of links) link.parentElement.hidden = section.hidden;
  };
  const changes = new MutationObserver(showHidden);
  for (const section of sections) changes.observe(section, { attributeFilter: ['hidden'] });
  showHidden();

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
 * Links within the page scroll and take the focus along, but leave the address alone: what stands behind its # is
 * what the charts show.
 */
export function jumpWithinPage() {
  document.addEventListener('click', (click) => {
    const link = click.target.closest('a[href^="#"]');
    const place = link && document.getElementById(link.getAttribute('href').slice(1));
    if (!place || click.ctrlKey || click.metaKey || click.shiftKey) return;
    click.preventDefault();
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
    place.scrollIntoView();
  });
}

function headingTop() {
  return Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop);
}

function linkTo(section) {
  const title = document.getElementById(section.getAttribute('aria-labelledby'));
  const badge = element('span', { class: 'badge', hidden: '' });
  return element('a', { href: `#${title.id}` }, title.textContent, badge);
}

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
