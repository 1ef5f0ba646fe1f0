// The list of words to double-check, each in its context and leading to its place in the answer.

import { part } from './authors.js';
import { inContext, wordsAt } from './words.js';

/** Keeps the list up with the answer; words that later text cannot change are not looked at again. */
export class Checklist {
  #list;
  #go;
  #text = '';
  #finalCount = 0;
  #finalEnd = 0;

  /**
   * @param {HTMLElement} list
   * @param {(index: number) => void} go Leads to a token.
   */
  constructor(list, go) {
    [this.#list, this.#go] = [list, go];
  }

  clear() {
    this.#text = '';
    this.#finalCount = this.#finalEnd = 0;
    this.#list.replaceChildren();
  }

  get count() {
    return this.#list.childElementCount;
  }

  /** Brings the list up to date. */
  update(records) {
    this.#text += records.filter((record) => record.start >= this.#text.length).map((record) => record.token.text).join('');
    const open = records.filter((record) => record.token.contested && record.start >= this.#finalEnd);
    const words = wordsAt(this.#text, open);
    words.forEach((word, i) => this.#show(this.#finalCount + i, word));
    while (this.#list.childElementCount > this.#finalCount + words.length) this.#list.lastElementChild.remove();
    for (const word of words) {
      if (!word.isFinal) break;
      this.#finalCount++;
      this.#finalEnd = word.end;
    }
  }

  #show(place, word) {
    const { before, word: text, after } = inContext(this.#text, word);
    const button = this.#list.children[place]?.firstElementChild ?? this.#add();
    if (button.dataset.index !== String(word.index)) button.dataset.index = word.index;
    if (button.textContent === before + text + after) return;
    button.replaceChildren(part('span', 'context', before), part('strong', '', text), part('span', 'context', after));
  }

  #add() {
    const button = part('button', 'word', '');
    button.type = 'button';
    button.dir = 'auto';
    button.addEventListener('click', () => this.#go(Number(button.dataset.index)));
    const item = document.createElement('li');
    item.append(button);
    this.#list.append(item);
    return button;
  }
}
