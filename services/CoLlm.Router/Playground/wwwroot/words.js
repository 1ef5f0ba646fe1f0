// From tokens to words: what a person checks is a word or a few in their place, not the crumb of one that a token may be.

/** Characters that are looked at on each side of a token for the rest of its word. */
const WORD_REACH = 100;

/** Characters of context on each side of a word. */
const CONTEXT_REACH = 28;

/** Characters up to which neighbouring words are one entry. */
const PHRASE_LENGTH = 60;

/** Scripts that put no spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

/**
 * The words that hold these places, in order, each once and neighbours together.
 * @param {string} text The answer so far.
 * @param {{ start: number, end: number, index: number }[]} places Of tokens in the text, in order.
 * @returns {{ start: number, end: number, index: number, isFinal: boolean }[]} With the first token of each, and whether more text can still
 *   change it or its context.
 */
export function wordsAt(text, places) {
  const words = [];
  for (const place of places) {
    const word = wordAt(text, place.start, place.end);
    if (word === null) continue;
    const last = words.at(-1);
    if (last && goesOn(text, last, word)) last.end = Math.max(last.end, word.end);
    else words.push({ ...word, index: place.index });
  }
  return words.map((word) => ({ ...word, isFinal: word.end + WORD_REACH < text.length }));
}

/** Words with what stands before and after them, on one line; cut between words. */
export function inContext(text, { start, end }) {
  const from = whole(text, start - CONTEXT_REACH);
  const to = whole(text, end + CONTEXT_REACH);
  const before = text.slice(from, start);
  const after = text.slice(end, to);
  return {
    before: from > 0 ? `… ${line(withoutFirst(before))}` : line(before),
    word: line(text.slice(start, end)),
    after: to < text.length ? `${line(withoutLast(after))} …` : line(after),
  };
}

/** Without the word at the edge, of which a part may be missing. */
function withoutFirst(piece) {
  return /\s/.test(piece) ? piece.replace(/^\S*\s+/, '') : piece.slice(segments(piece, 0, piece.length)[0]?.end ?? 0);
}

function withoutLast(piece) {
  return /\s/.test(piece) ? piece.replace(/\s+\S*$/, '') : piece.slice(0, segments(piece, 0, piece.length).at(-1)?.start ?? 0);
}

function line(text) {
  return text.replace(/\s+/g, ' ');
}

/** Whether a word is the same as the last one, or its neighbour on the same line. */
function goesOn(text, last, word) {
  if (word.start < last.end) return true;
  return word.end - last.start <= PHRASE_LENGTH && /^[^\S\n]*$/.test(text.slice(last.end, word.start));
}

function wordAt(text, start, end) {
  let [from, to] = visible(text, start, end);
  if (from === to) return null;
  let left = from;
  let right = to;
  while (left > 0 && from - left < WORD_REACH && !isSpace(text[left - 1])) left--;
  while (right < text.length && right - to < WORD_REACH && !isSpace(text[right])) right++;
  left = whole(text, left);
  right = whole(text, right);
  if (UNSPACED.test(text.slice(left, right))) {
    const touched = segments(text, left, right).filter((part) => part.end > from && part.start < to);
    return { start: touched[0].start, end: touched.at(-1).end };
  }
  const word = text.slice(left, right);
  const inner = word.replace(/^\p{P}+/u, '');
  const bare = inner.replace(/\p{P}+$/u, '');
  return bare.length === 0 ? { start: left, end: right } : { start: right - inner.length, end: right - inner.length + bare.length };
}

/** The part of a token that can be seen; of one that is only space or half a character, the next character, or else the one before. */
function visible(text, start, end) {
  const piece = text.slice(start, end);
  if (piece.trim().length > 0) return [start + piece.length - piece.trimStart().length, start + piece.trimEnd().length];
  for (let next = start; next < text.length && next - end < WORD_REACH; next++) if (!isSpace(text[next])) return [next, next + 1];
  for (let last = start; last > 0 && start - last < WORD_REACH; last--) if (!isSpace(text[last - 1])) return [last - 1, last];
  return [start, start];
}

function segments(text, from, to) {
  return [...segmenter.segment(text.slice(from, to))].map(({ segment, index }) => ({ start: from + index, end: from + index + segment.length }));
}

/** The place, or the one before it where it would part the two halves of a character. */
function whole(text, place) {
  const inside = Math.min(Math.max(place, 0), text.length);
  return /[\udc00-\udfff]/.test(text[inside] ?? '') ? inside - 1 : inside;
}

function isSpace(character) {
  return /\s/.test(character);
}
