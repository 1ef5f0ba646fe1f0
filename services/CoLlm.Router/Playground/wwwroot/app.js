// The page: asks, shows the answer as it comes, and sums it up. The router's texts are only ever set as text.

import { ask, fetchModel, Refusal, refusalOf } from './api.js';
import { AnswerView } from './answer.js';
import { Authors, part } from './authors.js';
import { Checklist } from './checklist.js';
import { TokenDetails } from './details.js';
import { makeSettings } from './settings.js';
import { partialSummaryOf, plural, summaryOf } from './summary.js';

const UNAUTHORIZED = 401;

/** What the router calls a conversation that its model has no template for. */
const UNSUPPORTED = 'unsupported';

/** Modes in which no model is held against another. */
const ALONE = ['base', 'expert'];

const find = (id) => document.getElementById(id);
const settings = makeSettings(find);
const authors = new Authors(find('legend'));
const details = new TokenDetails(find('details'), find('facts'));
const answer = new AnswerView(find('answer'), authors, (record) => details.show(record, threshold));
const checklist = new Checklist(find('check'), (index) => answer.go(index));

/** Ends the answer that is being written; null where there is none. */
let running = null;
let threshold = null;
let mode = null;
let knowsModel = false;

find('form').addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
find('form').addEventListener('invalid', () => { find('settings').open = true; }, true); // The browser says what is wrong where it can be seen.
find('prompt').addEventListener('keydown', (event) => {
  const isSend = event.key === 'Enter' && !event.shiftKey && !event.isComposing && !matchMedia('(pointer: coarse)').matches;
  if (!isSend) return;
  event.preventDefault();
  find('form').requestSubmit();
});
find('stop').addEventListener('click', () => running?.abort());
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') running?.abort();
});
find('close').addEventListener('click', () => {
  details.clear();
  answer.leave();
});
find('key').addEventListener('change', describe);
describe();

/** Says who takes part, once the router says so. */
async function describe() {
  try {
    const model = await fetchModel(find('key').value.trim());
    settings.describe(model);
    const names = model.collm.experts.map((expert) => expert.name);
    find('model').textContent = `${model.id}: the base${names.length === 0 ? ' alone' : ` with ${names.join(', ')}`}`;
    knowsModel = true;
    showError(null);
  } catch (error) {
    showError(error);
  }
}

/** One question from its sending to its summary: 1 clear the page; 2 ask; 3 show what comes; 4 sum up. */
async function run() {
  if (running !== null) return;

  // 1
  begin();
  let summary = null;
  try {
    if (!knowsModel) await describe();
    showError(null);

    // 2
    for await (const chunks of chunksOf(running.signal)) {
      // 3
      for (const chunk of chunks) {
        if (chunk.collm?.experts) start(chunk.collm);
        summary = chunk.collm?.summary ?? summary;
      }
      show(chunks.flatMap((chunk) => chunk.collm?.tokens ?? []));
      const failed = chunks.find((chunk) => chunk.error);
      if (failed) throw refusalOf(failed.error);
    }
    end('finished', summary);
  } catch (error) {
    const isStop = error.name === 'AbortError';
    if (!isStop) showError(error);
    end(isStop ? 'stopped' : 'failed', summary);
    if (!isStop) find('error').scrollIntoView({ block: 'nearest' });
  }
}

/** The answer's chunks; where the model has no template for questions, those of the text going on. */
async function* chunksOf(signal) {
  const question = { prompt: find('prompt').value, isChat: find('form-of-prompt').value === 'chat', fields: settings.read(), key: find('key').value.trim() };
  try {
    yield* ask(question, signal);
  } catch (error) {
    if (!question.isChat || error.code !== UNSUPPORTED) throw error;
    showNote(`${error.message} The text was continued as it stands.`);
    yield* ask({ ...question, isChat: false }, signal);
  }
}

function begin() {
  running = new AbortController();
  answer.clear();
  checklist.clear();
  details.clear();
  showNote(null);
  authors.begin('', []);
  threshold = null;
  find('question').textContent = find('prompt').value;
  find('summary').textContent = '';
  find('answer-section').hidden = false;
  find('check-section').hidden = true;
  find('check-none').hidden = true;
  setState('asking');
  find('status').textContent = 'The answer is being written.';
  bring(find('answer-title'));
}

/** Scrolls to what would come to stand at the window's end or beyond. */
function bring(element) {
  if (element.getBoundingClientRect().bottom > innerHeight * 0.75) element.scrollIntoView({ block: 'start' });
}

function start(started) {
  ({ threshold, mode } = started);
  authors.begin(started.mode, started.experts);
}

function show(tokens) {
  if (tokens.length === 0) return;
  answer.append(tokens);
  checklist.update(answer.records);
  find('check-section').hidden = checklist.count === 0;
  find('check-count').textContent = plural(checklist.count, 'place');
}

/** 4: how it ended, and what it cost. */
function end(state, summary) {
  running = null;
  const count = answer.records.length;
  const facts = summary
    ? summaryOf(summary, authors.counts)
    : partialSummaryOf(count, authors.counts, state === 'stopped' ? 'stopped here' : 'broken off');
  find('summary').replaceChildren(...facts.flatMap((fact, i) => [i === 0 ? '' : ' · ', part('span', 'fact', fact)]));
  find('answer-section').hidden = state === 'failed' && count === 0;
  find('check-section').hidden = count === 0;
  find('check-none').hidden = checklist.count > 0;
  find('check-none').textContent = ALONE.includes(mode)
    ? 'One model wrote alone, so there was nothing to compare.'
    : 'Nothing stands out. That does not prove the answer right.';
  find('check-count').hidden = checklist.count === 0;
  const how = { finished: 'The answer has ended', stopped: 'The answer was stopped', failed: 'The answer failed' }[state];
  find('status').textContent = `${how}: ${plural(count, 'token')}, ${plural(checklist.count, 'place')} to double-check.`;
  setState(state);
}

/** Keeps the keyboard's place when the button that has it becomes useless. */
function setState(state) {
  const [send, stop] = [find('send'), find('stop')];
  const asks = state === 'asking';
  const focused = document.activeElement;
  send.disabled = asks;
  stop.disabled = !asks;
  if (focused === send && asks) stop.focus({ preventScroll: true });
  if (focused === stop && !asks) send.focus({ preventScroll: true });
  find('main').dataset.state = state;
}

/** Shows a refusal and where in the form it comes from; null: there is none. */
function showError(error) {
  document.querySelectorAll('[aria-invalid]').forEach((control) => control.removeAttribute('aria-invalid'));
  const element = find('error');
  element.hidden = error === null;
  element.textContent = error === null ? '' : error instanceof Refusal ? error.message : 'The router sent something that this page cannot read.';
  const blamed = error?.status === UNAUTHORIZED ? find('key') : error?.param && document.querySelector(`[data-param~="${CSS.escape(error.param)}"]`);
  if (!blamed) return;
  blamed.setAttribute('aria-invalid', 'true');
  if (find('settings').contains(blamed)) find('settings').open = true;
}

function showNote(text) {
  find('note').hidden = text === null;
  find('note').textContent = text ?? '';
}
