// A few facts about a whole answer: who wrote how much, and what it cost.

import { share } from './details.js';

const ENDS = {
  end_of_sequence: 'ended by itself',
  stop_token: 'ended by a stop token',
  stop_string: 'ended by a stop string',
  max_tokens: 'cut at the longest answer',
  context_full: 'cut where the models can hold no more',
  expert_unavailable: 'broken off without its expert',
  shutdown: 'broken off as the router stopped',
  failed: 'broken off',
};

/** Of an answer that the router has summed up. */
export function summaryOf(summary, counts) {
  const sum = (field) => summary.experts.reduce((total, expert) => total + expert[field], 0);
  const seconds = (summary.times_us.total - summary.times_us.queue) / 1e6;
  return [
    `${plural(summary.tokens, 'token')}: ${tokensBy(counts)}`,
    `deferral rate ${share(summary.deferral_rate)}`,
    plural(sum('calls'), 'expert call'),
    `${bytes(sum('bytes_up') + sum('bytes_down'))} to and from experts`,
    ...(seconds > 0 ? [`${(summary.tokens / seconds).toFixed(0)} tokens/s`, `${seconds.toFixed(2)} s`] : []),
    ...(summary.seed === undefined ? [] : [`seed ${summary.seed}`]),
    ENDS[summary.finish_reason] ?? summary.finish_reason,
  ];
}

/** Of an answer that was left before its end. */
export function partialSummaryOf(count, counts, how) {
  return [`${plural(count, 'token')}${count > 0 ? `: ${tokensBy(counts)}` : ''}`, how];
}

/** A count with its noun. */
export function plural(count, noun) {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

function tokensBy(counts) {
  return counts.map((author) => `${author.count.toLocaleString('en')} by ${author.name}`).join(', ');
}

function bytes(count) {
  return count < 10_000 ? plural(count, 'byte') : `${(count / 1000).toFixed(1)} kB`;
}
