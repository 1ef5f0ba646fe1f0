// What is said of one token: who wrote it, why, and how sure it was.

import { part } from './authors.js';

const REASONS = {
  below_threshold: 'The deferral probability was not above the threshold.',
  above_threshold: 'The deferral probability was above the threshold.',
  budget_spent: 'It would have been deferred, but the request may defer no more.',
  fixed: 'This request always takes the same model.',
  random: 'Drawn at a fixed rate.',
  more_confident: 'This model was the surer one.',
};

/** Shows what is known of a token. */
export class TokenDetails {
  #element;
  #facts;

  /**
   * @param {HTMLElement} element Is shown while there is something to say.
   * @param {HTMLElement} facts Within it, receives that.
   */
  constructor(element, facts) {
    [this.#element, this.#facts] = [element, facts];
  }

  clear() {
    this.#element.hidden = true;
    this.#facts.replaceChildren();
  }

  /** @param {number | null} threshold That of the answer, where there is one. */
  show({ token, author }, threshold) {
    const facts = document.createElement('dl');
    const add = (name, value) => {
      const pair = document.createElement('div');
      pair.append(part('dt', '', name), part('dd', '', value));
      facts.append(pair);
    };
    add('Written by', author.name);
    if (token.deferral_probability !== undefined) {
      add('Deferral probability', number(token.deferral_probability) + (threshold === null ? '' : `, threshold ${number(threshold)}`));
    }
    add('Log probability', `${number(token.log_probability)} (${share(Math.exp(token.log_probability))})`);
    add('Double-check', !token.contested ? 'no' : token.fallback ? 'yes, an expert was wanted' : 'yes, disagreement or a close choice');
    add('Fallback', token.fallback ? 'yes' : 'no');
    const title = part('p', 'token-title', '');
    title.append(part('code', '', visible(token.text)), ' ', REASONS[token.reason] ?? token.reason);
    this.#facts.replaceChildren(title, facts);
    this.#element.hidden = false;
  }
}

/** A share as people read it. */
export function share(value) {
  const percent = value * 100;
  return `${percent > 0 && percent < 0.1 ? '< 0.1' : percent.toFixed(percent > 0 && percent < 10 ? 1 : 0)} %`;
}

function number(value) {
  return value.toFixed(3).replace(/^-(?=.*[1-9])/, '\u2212').replace(/^-/, '');
}

/** Spaces and line ends as marks, since they would not be seen. */
function visible(text) {
  return text.length === 0 ? '(no text by itself)' : text.replaceAll(' ', '\u00b7').replaceAll('\n', '\u21b5').replaceAll('\t', '\u21e5');
}
