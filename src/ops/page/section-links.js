import { element } from './dom.js';

/** A link in the header to each section with a heading of its own; the one that is read is marked. */
export function linkSections(list) {
  const sections = [...document.querySelectorAll('main > section[aria-labelledby]:not([data-unlisted])')];
  const links = new Map();
  for (const section of sections) {
    const title = document.getElementById(section.getAttribute('aria-labelledby'));
    const badge = element('span', { class: 'badge', hidden: '' });
    const link = element('a', { href: `#${title.id}` }, title.textContent, badge);
    links.set(section, link);
    list.append(element('li', {}, link));
  }
  const inView = new Set();
  const view = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) inView.add(target);
        else inView.delete(target);
      }
      const read = sections.find((section) => inView.has(section));
      for (const [section, link] of links) {
        if (section !== read) link.removeAttribute('aria-current');
        else if (!link.hasAttribute('aria-current')) {
          link.setAttribute('aria-current', 'true');
          // On a phone the links are wider than the screen.
          list.scrollTo({ left: link.offsetLeft - list.offsetLeft - list.clientWidth / 3 });
        }
      }
    },
    // The part of the window where one reads: below the header, above the middle.
    { rootMargin: '-64px 0px -55% 0px' },
  );
  for (const section of sections) view.observe(section);
}
