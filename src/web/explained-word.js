import { byId, element, setText } from './dom.js';

/**
 * The words of API, commands and logs, with what the page says instead and a sentence that explains it.
 *
 * @type {Readonly<Record<string, { say: string, sentence: string }>>}
 */
const WORDS = {
  ledger: {
    say: 'every message accounted for',
    sentence: 'Received is the sum of the other numbers. Elsewhere called the ledger.',
  },
  received: { say: 'received', sentence: 'The gateway has it on its disk, and has sent the receipt.' },
  written: { say: 'stored', sentence: 'Stored: the store has confirmed it. Elsewhere called written.' },
  parked: {
    say: 'set aside',
    sentence:
      'Set aside: it could not become a point. It is kept whole with its reason until it is replayed or deleted; only when devices flood the gateway, without its content. Elsewhere called parked, or a dead letter.',
  },
  filtered: {
    say: 'ignored',
    sentence:
      'Ignored: a rule says that it is not wanted. It is counted, but not kept. Elsewhere called filtered.',
  },
  buffered: {
    say: 'waiting',
    sentence: 'Waiting: it is on this disk, but not stored yet. Elsewhere called buffered.',
  },
  refused: {
    say: 'rejected',
    sentence: 'Rejected: the gateway promised nothing, and the sender knows. Elsewhere called refused.',
  },
  shed: {
    say: 'dropped (QoS 0)',
    sentence:
      'Dropped: the log was full, and the device had asked for no receipt (QoS 0). Elsewhere called shed.',
  },
  'rows refused': {
    say: 'rows rejected',
    sentence: 'The store rejected these rows. The points that they are computed from are stored.',
  },
};
const EDGE_PX = 8;

/**
 * The plain word of the page.
 *
 * @param {string} name
 */
export function wordFor(name) {
  return Object.hasOwn(WORDS, name) ? WORDS[name].say : name;
}

/**
 * A word of the page as a button that explains it, or as plain text when the page has no sentence for it.
 *
 * @param {string} name
 */
export function explainedWord(name) {
  if (!Object.hasOwn(WORDS, name)) return element('span', {}, name);
  const word = element('button', { type: 'button', class: 'word' }, wordFor(name));
  explain(word, name);
  return word;
}

/**
 * Shows the sentence about a word while the node is pointed at, has the focus, or was pressed.
 *
 * @param {HTMLElement} node
 * @param {string} name
 */
export function explain(node, name) {
  if (!Object.hasOwn(WORDS, name)) return;
  const { sentence } = WORDS[name];
  const show = () => showHelp(node, sentence);
  node.addEventListener('pointerenter', ({ pointerType }) => pointerType === 'mouse' && show());
  node.addEventListener('pointerleave', ({ pointerType }) => pointerType === 'mouse' && hideHelp());
  node.addEventListener('focus', () => node.matches(':focus-visible') && show());
  node.addEventListener('blur', hideHelp);
  node.addEventListener('click', show);
}

/** Makes the words that stand in the page's own HTML (`data-word`) explain themselves. */
export function explainWords() {
  for (const node of document.querySelectorAll('[data-word]'))
    if (node instanceof HTMLElement) explain(node, node.dataset.word ?? '');
  document.addEventListener('pointerdown', hideHelp);
  document.addEventListener('scroll', hideHelp, { passive: true });
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && hideHelp());
}

/** @type {HTMLElement | null} */
let explained = null;

/** @param {HTMLElement} node @param {string} sentence */
function showHelp(node, sentence) {
  hideHelp();
  explained = node;
  const box = byId('word-help');
  setText(box, sentence);
  node.setAttribute('aria-describedby', box.id);
  box.showPopover();
  const { left, top, bottom } = node.getBoundingClientRect();
  const rightmost = innerWidth - box.offsetWidth - EDGE_PX;
  const isRoomBelow = bottom + box.offsetHeight + EDGE_PX < innerHeight;
  box.style.setProperty('left', `${Math.max(EDGE_PX, Math.min(left, rightmost))}px`);
  box.style.setProperty(
    'top',
    `${isRoomBelow ? bottom + EDGE_PX / 2 : top - box.offsetHeight - EDGE_PX / 2}px`,
  );
}

function hideHelp() {
  if (explained === null) return;
  explained.removeAttribute('aria-describedby');
  explained = null;
  byId('word-help').hidePopover();
}
