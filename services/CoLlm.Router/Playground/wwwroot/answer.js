// The answer: one span for each token, which can be pointed at and walked through.

import { part } from './authors.js';

/** Text that goes on with the character before it: combining marks, joiners, variation selectors, skin tones. */
const CONTINUES = /^[\p{M}\u200d\ufe0f\u{1f3fb}-\u{1f3ff}]/u;

/** Shows tokens as they come. The text of the spans, put together, is the text of the answer. */
export class AnswerView {
  #element;
  #authors;
  #select;
  #records = [];
  #lastAuthor = null;
  #current = null;

  /**
   * @param {HTMLElement} element Holds the spans.
   * @param {import('./authors.js').Authors} authors
   * @param {(record: object) => void} select Is told of the token that is pointed at.
   */
  constructor(element, authors, select) {
    [this.#element, this.#authors, this.#select] = [element, authors, select];
    element.addEventListener('pointerover', (event) => this.#point(event.target));
    element.addEventListener('focusin', (event) => this.#point(event.target));
    element.addEventListener('click', (event) => event.target.closest('.token')?.focus());
    element.addEventListener('keydown', (event) => this.#walk(event));
  }

  /** All tokens with their places in the text, in order. */
  get records() {
    return this.#records;
  }

  clear() {
    this.#records = [];
    this.#lastAuthor = this.#current = null;
    this.#element.replaceChildren();
  }

  /** Adds the next tokens, in one change of the page. */
  append(tokens) {
    const spans = document.createDocumentFragment();
    for (const token of tokens) spans.append(this.#spanOf(token));
    this.#element.append(spans);
  }

  /** Goes to a token, as the keyboard would. */
  go(index) {
    const span = this.#records[index].span;
    span.focus({ preventScroll: true });
    span.scrollIntoView({ block: 'center' });
  }

  /** Points at none any more; the keyboard goes back to the token that was pointed at. */
  leave() {
    this.#current?.focus();
    this.#current?.classList.remove('current');
    this.#current = null;
  }

  #spanOf(token) {
    const author = this.#authors.count(token);
    const start = this.#records.at(-1)?.end ?? 0;
    const begins = author !== this.#lastAuthor && !CONTINUES.test(token.text);
    const span = document.createElement('span');
    span.className = 'token';
    span.tabIndex = this.#records.length === 0 ? 0 : -1;
    span.setAttribute('aria-describedby', 'facts');
    Object.assign(span.dataset, { index: this.#records.length, origin: token.origin, contested: token.contested });

    // White space before a word stays outside of what is coloured, unless the same author goes on.
    const space = begins || author.look === 'base' ? /^\s*(?=\S)/.exec(token.text)?.[0] ?? '' : '';
    const ink = part('span', `ink ${author.look}`, token.text.slice(space.length));
    ink.classList.toggle('begins', begins);
    ink.classList.toggle('contested', token.contested);
    ink.classList.toggle('empty', token.text.length === 0);
    if (begins && author.mark) ink.dataset.mark = author.mark;
    if (begins && this.#lastAuthor !== null) this.#records.at(-1).span.lastElementChild.classList.add('ends');
    span.append(space, ink);
    this.#lastAuthor = author;
    this.#records.push({ token, author, span, start, end: start + token.text.length, index: this.#records.length });
    return span;
  }

  #point(target) {
    const span = target.closest('.token');
    if (span === null || span === this.#current) return;
    this.#current?.classList.remove('current');
    this.#current = span;
    span.classList.add('current');
    this.#select(this.#records[span.dataset.index]);
  }

  #walk(event) {
    const span = event.target.closest('.token');
    if (span === null || event.ctrlKey || event.altKey || event.metaKey) return;
    const index = Number(span.dataset.index);
    const last = this.#records.length - 1;
    const next = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const to = this.#records[Math.min(Math.max(next, 0), last)].span;
    this.#element.querySelector('[tabindex="0"]').tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }
}
