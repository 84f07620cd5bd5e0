// Rows of a table from what the decoder says of them, as condvae/likelihoods/table.py draws them.
//
// x_params of a row are the logits of the states of all columns, and behind them of each number the
// log weights, the means and the log scales of the logistic distributions that it is a mixture of.

import { interpolate } from "./scale.js";

const LOG_SCALE_BOUNDS = [-6, 3]; // as condvae/distributions/rows.py has them
const LEAST = 2 ** -24;

const logAddExp = (a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

/** log of the sum of exp of some numbers. */
function logSumExp(numbers) {
  const largest = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  return largest + Math.log(numbers.reduce((sum, number) => sum + Math.exp(number - largest), 0));
}

/** How many numbers x_params of a row are. */
export function sizeOfParams({ columns, num_states: states, components }) {
  return states + 3 * components * columns.filter(({ number }) => number >= 0).length;
}

/** The mixture of a number: {weights, means, scales}, log weights with the sum of shares one. */
function mixtureOf({ num_states: states, components }, params, number) {
  const at = states + 3 * components * (number - states);
  const part = (i) => params.subarray(at + i * components, at + (i + 1) * components);
  const total = logSumExp(part(0));
  const [low, high] = LOG_SCALE_BOUNDS;
  return {
    weights: [...part(0)].map((weight) => weight - total),
    means: part(1),
    logScales: [...part(2)].map((scale) => -logAddExp(-logAddExp(scale, low), -high)),
  };
}

/** States and numbers of a row, {codes, numbers}; uniform(i) are numbers between 0 and 1. */
export function drawRow(table, params, uniform) {
  const { columns, num_states: states } = table;
  const codes = new Int32Array(columns.length);
  const numbers = new Float64Array(columns.length);
  columns.forEach(({ start, num_states: count, num_values: values, number }, place) => {
    let best = -Infinity;
    for (let code = 0; code < count; code++) {
      // the largest of logits with Gumbel noise is a draw of the states
      const noise = Math.max(uniform(start + code), 1e-30);
      const score = params[start + code] - Math.log(-Math.log(noise));
      if (score > best) [best, codes[place]] = [score, code];
    }
    if (columns[place].middles) numbers[place] = uniform(number) - 0.5;
    else if (number >= 0 && codes[place] === values) {
      numbers[place] = drawNumber(mixtureOf(table, params, number), uniform(number));
    }
  });
  return { codes, numbers, states };
}

/** A number of a mixture: which component a uniform number falls to, and where in it. */
function drawNumber({ weights, means, logScales }, noise) {
  let below = 0;
  let component = 0;
  for (; component < weights.length - 1; component++) {
    const share = Math.exp(weights[component]);
    if (noise < below + share) break;
    below += share;
  }
  const within = (noise - below) / Math.exp(weights[component]);
  const rest = Math.min(Math.max(within, LEAST), 1 - LEAST);
  const logistic = Math.log(rest) - Math.log1p(-rest);
  return means[component] + Math.exp(logScales[component]) * logistic;
}

/** log of the probability, or density, that a column has a state and, if it has one, a number. */
export function logProbability(table, params, column, { code, number }) {
  const logits = params.subarray(column.start, column.start + column.num_states);
  const ofState = logits[code] - logSumExp(logits);
  if (code !== column.num_values || column.number < 0) return ofState;
  const { weights, means, logScales } = mixtureOf(table, params, column.number);
  const terms = weights.map((weight, i) => {
    const z = Math.abs(number - means[i]) / Math.exp(logScales[i]);
    return weight - logScales[i] - z - 2 * Math.log1p(Math.exp(-z));
  });
  return ofState + logSumExp(terms);
}

/** The state, and the number, that stand for a cell. */
export function stateOf(column, cell) {
  if (column.middles) {
    const word = column.categories.indexOf(cell);
    return { code: column.groups[word], number: column.middles[word] };
  }
  if (column.categories) return { code: column.categories.indexOf(cell), number: 0 };
  const place = column.points.indexOf(cell);
  if (place >= 0) return { code: place, number: 0 };
  if (column.number >= 0) {
    return { code: column.num_values, number: interpolate(column.knots, cell, 0, 1) };
  }
  // all values are states: the nearest of them
  const distances = column.points.map((point) => Math.abs(point - cell));
  return { code: distances.indexOf(Math.min(...distances)), number: 0 };
}

/** The cell of a state and a number: a word, a number, or null where it is empty. */
export function cellOf(column, code, number) {
  if (column.middles) return column.categories[wordOf(column, code, number)] ?? null;
  if (code < column.num_values) return (column.categories ?? column.points)[code];
  if (column.number < 0 || code > column.num_values) return null;
  return rounded(column, interpolate(column.knots, number, 1, 0));
}

/** The index of the word of a group whose interval a number lies in, or is nearest to. */
function wordOf({ groups, middles, widths }, code, number) {
  let best = -1;
  const distance = (word) => Math.abs(number - middles[word]) - widths[word] / 2;
  groups.forEach((group, word) => {
    if (group === code && (best < 0 || distance(word) < distance(best))) best = word;
  });
  return best;
}

/** A number with as many decimals as the column has, and in its steps. */
function rounded({ step, decimals, knots }, value) {
  const low = knots[0][0];
  const stepped = step === null ? value : low + Math.round((value - low) / step) * step;
  return decimals === null ? stepped : Number(stepped.toFixed(decimals));
}

/** Whether a row of states holds a pair that no row does; ~place is any other of its column. */
export function contradicts({ columns, never }, codes) {
  if (!never.length) return false;
  const held = new Set(columns.map(({ start }, place) => start + codes[place]));
  const holds = (place) => (place < 0 ? !held.has(~place) : held.has(place));
  return never.some(([a, b]) => holds(a) && holds(b));
}
