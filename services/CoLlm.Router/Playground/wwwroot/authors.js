// Who writes: names, marks and colours, and how many tokens each has written.

/** Colours that answer.css has for experts; where there are more experts, marks still tell them apart. */
const HUES = 6;

const BASE = { name: 'the base', mark: '', look: 'base' };
const FALLBACK = { name: 'the base, as no expert answered', mark: '!', look: 'fallback' };
const COMPOSED = { name: 'base and experts mixed', mark: '+', look: 'composed' };

/** The authors of one answer, and the legend that says what each one's tokens look like. */
export class Authors {
  #legend;
  #entries = new Map();

  /** @param {HTMLElement} legend A list. */
  constructor(legend) {
    this.#legend = legend;
  }

  /** Begins an answer in which these experts take part. */
  begin(mode, experts) {
    this.#entries.clear();
    const all = mode === 'expert' ? [] : [mode === 'compose' ? COMPOSED : BASE];
    if (mode === 'defer' || mode === 'expert') experts.forEach((name, index) => all.push(expert(name, index)));
    this.#legend.replaceChildren();
    all.forEach((author) => this.#add(author));
    this.#addContested();
  }

  /** Who wrote a token; counts it. */
  count(token) {
    const author = token.fallback ? FALLBACK : token.origin === 'composed' ? COMPOSED : BASE;
    const entry = this.#entries.get(token.origin === 'expert' ? token.expert : author.name) ?? this.#add(author);
    entry.count.textContent = String(++entry.author.count);
    return entry.author;
  }

  /** Each author with the number of tokens written. */
  get counts() {
    return [...this.#entries.values()].map(({ author }) => author).filter((author) => author.count > 0);
  }

  #add(kind) {
    const author = { ...kind, count: 0 };
    const item = document.createElement('li');
    const sample = part('span', `sample ink ${author.look}`, author.name);
    if (author.mark) sample.dataset.mark = author.mark;
    const count = part('span', 'count', '0');
    item.append(sample, ' ', count);
    this.#legend.insertBefore(item, this.#legend.querySelector('.contested-sample')?.parentElement ?? null);
    const entry = { author, count };
    this.#entries.set(author.name, entry);
    return entry;
  }

  #addContested() {
    const item = document.createElement('li');
    item.append(part('span', 'contested-sample', 'underlined'), ' a place to double-check');
    this.#legend.append(item);
  }
}

/** An element with a text; texts never become markup. */
export function part(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function expert(name, index) {
  return { name, mark: String(index + 1), look: `expert expert-${index % HUES}` };
}
