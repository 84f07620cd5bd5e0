// Rows that a model of tables draws, given any of their cells.
//
// Conditions reach the decoder as y. Another column that is given is told by weights: of many z
// each counts as much as it makes the given cells probable (self-normalised importance sampling
// from the prior; Owen 2013, chapter 9), and rows are drawn at z that are resampled by them.

import { momentInWords, placeOfMoment } from "./calendar.js";
import { cellsOf, withDerived } from "./cells.js";
import { normals, uniforms } from "./chance.js";
import { encodeParts } from "./condition.js";
import { contradicts, drawRow, logProbability, sizeOfParams, stateOf } from "./rows.js";
import { makeRules } from "./rules.js";
import { WIDGETS } from "./widgets.js";

const NUM_Z = 2000;
const NUM_ROWS = 1000;
const MOST_TRIES = 20; // of a row whose cells contradict each other
const MOST_PLACES = 20; // z at which a row is drawn that breaks a rule
const FEWEST_ROWS = 50; // that keep the rules, for the others to be left out
const DAY = 86400; // seconds

/** The sampler of a page whose fields are `conditions` first, then columns, and then dates. */
export function makeSampler({ content, engine, conditions, columns, dates }) {
  const { table, latent_dim: latents } = content;
  const size = sizeOfParams(table);
  const rules = makeRules(table);
  let known = { key: null };

  /** y of the given conditions, as the networks see it. */
  const encode = ({ values }) =>
    conditions.length
      ? encodeParts(conditions, values.slice(0, conditions.length))
      : new Float32Array(engine.shapes.decoder.y[0]); // without conditions one zero

  /** x_params at many z under y: calls then({z, params}) once they are decoded. */
  function decode(state, then) {
    const y = encode(state);
    const key = [state.seed, ...y].join();
    if (known.key === key) {
      if (known.params) then(known.params);
      return;
    }
    known = { key };
    const asked = known;
    const params = new Float32Array(NUM_Z * size);
    const inputs = { rows: NUM_Z, z: drawZ(state, y), y };
    let missing = NUM_Z;
    engine.ask("rows", "decoder", inputs, (first, { x_params: found }, rows) => {
      params.set(found.data, first * size);
      missing -= rows;
      if (missing || asked !== known) return;
      known.params = params;
      then(params);
    });
  }

  /** Many draws of p(z | y). */
  function drawZ({ seed }, y) {
    const isLearned = engine.has("prior");
    const noiseSize = isLearned ? engine.shapes.prior.noise[0] : latents;
    const noise = normals(NUM_Z * noiseSize, uniforms(seed));
    return isLearned ? engine.run("prior", { rows: NUM_Z, noise, y }).z.data : noise;
  }

  /** The columns of x that are given, with their states. */
  function givenOf({ values }) {
    const [first, ofDates] = [conditions.length, conditions.length + columns.length];
    const ofColumns = columns.flatMap((column, place) => {
      const value = values[first + place];
      if (value === null) return [];
      const cell = column.categories ? column.categories[value.indexOf(1)] : value[0];
      return [{ column, cell, state: stateOf(column, cell) }];
    });
    // a date is given as what it is in calendar and clock
    const ofParts = dates.flatMap(({ parts, days }, place) => {
      const value = values[ofDates + place];
      if (value === null) return [];
      return Object.entries(parts).map(([part, name]) => {
        const column = table.columns.find((one) => one.name === name);
        const cell = placeOfMoment(part, value[0] * (days ? DAY : 1));
        return { column, cell, state: stateOf(column, cell) };
      });
    });
    return [...ofColumns, ...ofParts];
  }

  /** Of each z its share of the rows, and how many z these shares make use of. */
  function weigh(params, given) {
    const logs = Float64Array.from({ length: NUM_Z }, (_, row) => {
      const one = params.subarray(row * size, (row + 1) * size);
      return given.reduce(
        (sum, { column, state }) => sum + logProbability(table, one, column, state),
        0,
      );
    });
    const largest = logs.reduce((a, b) => Math.max(a, b), -Infinity);
    const weights = logs.map((log) => Math.exp(log - largest));
    const total = weights.reduce((a, b) => a + b, 0);
    const squares = weights.reduce((sum, weight) => sum + weight ** 2, 0);
    return { weights, total, effective: total ** 2 / squares };
  }

  /** Places of z by their weights, evenly. Source: Kitagawa 1996, systematic resampling. */
  function resample({ weights, total }, first) {
    const places = new Int32Array(NUM_ROWS);
    let [place, sum] = [0, weights[0]];
    for (let row = 0; row < NUM_ROWS; row++) {
      const mark = ((row + first) / NUM_ROWS) * total;
      while (sum < mark && place < NUM_Z - 1) sum += weights[++place];
      places[row] = place;
    }
    // neighbours of one z would follow each other
    return places.map((_, row) => places[(row * 389) % NUM_ROWS]);
  }

  /** A row at a z: its cells, those that are given as they are. */
  function rowAt(params, given, next) {
    const noise = new Float64Array(table.num_states + table.columns.length);
    for (let left = MOST_TRIES; left; left--) {
      for (let i = 0; i < noise.length; i++) noise[i] = next();
      const row = drawRow(table, params, (i) => noise[i]);
      for (const { column, state } of given) {
        const place = table.columns.indexOf(column);
        row.codes[place] = state.code;
        row.numbers[place] = state.number;
      }
      if (left === 1 || !contradicts(table, row.codes)) return cellsOf(table, row);
    }
  }

  /**
   * Rows by drawAt(row, tries), each drawn at other z until it keeps the rules.
   *
   * Those that never do are left out, unless hardly any row would remain.
   */
  function keepRules(drawAt, names) {
    const seen = rules.nothingSeen();
    const broken = Array(rules.texts.length).fill(0);
    let again = 0;

    function drawUntilKept(row) {
      let cells = null;
      for (let tries = 0; tries < MOST_PLACES; tries++) {
        const drawn = drawAt(row, tries);
        const isNear = rules.settle(drawn, names);
        cells = withDerived(table, drawn);
        const breaks = rules.broken(cells, seen);
        if (isNear && !breaks.length) {
          rules.remember(cells, seen);
          return { cells, isKept: true };
        }
        if (tries) continue;
        again += 1;
        for (const rule of breaks) broken[rule] += 1;
      }
      return { cells, isKept: false };
    }

    const rows = Array.from({ length: NUM_ROWS }, (_, row) => drawUntilKept(row));
    const kept = rows.filter(({ isKept }) => isKept);
    const shown = kept.length < FEWEST_ROWS ? rows : kept;
    const most = rules.texts[broken.indexOf(Math.max(...broken))];
    const left = rows.length - kept.length;
    const told = { texts: rules.texts, again, left, areKept: shown === kept, most };
    return { rows: shown.map(({ cells }) => cells), rules: told };
  }

  return {
    /** Rows of a state: calls then({rows, effective}) with them, soon. */
    draw(state, then) {
      decode(state, (params) => {
        const given = givenOf(state);
        const weighed = weigh(params, given);
        const chance = uniforms(state.seed + 1);
        const places = resample(weighed, chance());
        const told = conditions.flatMap((part, place) => {
          const value = state.values[place];
          return value === null ? [] : [[part.name, cellOfValue(part, value)]];
        });
        const ofColumns = given.map(({ column, cell }) => [column.name, cell]);
        const ofDates = dates.flatMap(({ name, days }, place) => {
          const value = state.values[conditions.length + columns.length + place];
          if (value === null) return [];
          const words = momentInWords(value[0] * (days ? DAY : 1), days);
          return [[name, { date: value[0], words }]];
        });
        const cells = Object.fromEntries([...told, ...ofColumns, ...ofDates]);
        // a row has noise of its own, whatever the others need
        const noises = Array.from(places, (_, row) => uniforms(state.seed * 1000003 + row));
        const keeping = keepRules((row, tries) => {
          const place = places[(row + tries * 619) % NUM_ROWS];
          const one = params.subarray(place * size, (place + 1) * size);
          return { ...rowAt(one, given, noises[row]), ...cells };
        }, Object.keys(cells));
        then({ ...keeping, effective: given.length ? weighed.effective : null, of: NUM_Z });
      });
    },
  };
}

/** What a condition that is given is in a row. */
function cellOfValue(part, value) {
  if (part.categories) return part.categories[value.indexOf(Math.max(...value))];
  return value.length === 1 ? value[0] : WIDGETS[part.widget].inWords(part, value);
}
