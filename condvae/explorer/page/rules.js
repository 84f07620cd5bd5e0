// The stated rules of a table, as condvae/conditions/rules has them: which row keeps them.

import { momentInWords } from "./calendar.js";

const DAY = 86400; // seconds
const ROUNDING = 1e-14; // relative error of a few sums
const COMPARE = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  ">=": (a, b) => a >= b,
  ">": (a, b) => a > b,
};

/** The rules of a table of a page. */
export function makeRules({ rules, computable, dates }) {
  const { stated, columns, equations } = rules;

  /** A cell as rules see it: a word, or a number in the units of its column; null if empty. */
  function valueOf(name, cells) {
    const cell = cells[name] ?? null;
    if (cell === null || cell === "" || columns[name].holds === "words") return cell || null;
    return typeof cell === "object" ? cell.date : Number(cell);
  }

  /** Whether a row breaks a comparison of two sides; where a cell is empty it does not. */
  function breaks({ left, right, by, unit }, cells) {
    const sides = [left, right];
    const names = sides.flatMap((side) => side.names ?? [...side.plus, ...side.minus]);
    if (names.some((name) => valueOf(name, cells) === null)) return false;
    if (unit === null) {
      const [one, other] = sides.map((side) => side.word ?? valueOf(side.names[0], cells));
      return !COMPARE[by](one, other);
    }
    const [one, other] = sides.map(({ plus, minus, numbers }) => {
      const terms = (some, sign) =>
        some.map((name) => sign * valueOf(name, cells) * columns[name].scale);
      const all = [...numbers, ...terms(plus, 1), ...terms(minus, -1)];
      return [sumOf(all), sumOf(all.map(Math.abs))];
    });
    const difference = one[0] - other[0];
    const near = (unit / 2) * (1 + 1e-9) + ROUNDING * (one[1] + other[1]);
    return !COMPARE[by](Math.abs(difference) <= near ? 0 : difference, 0);
  }

  /** The cells of some columns as a text, null where one of them is empty. */
  function keyOf(names, cells) {
    const values = names.map((name) => valueOf(name, cells));
    return values.includes(null) ? null : JSON.stringify(values);
  }

  const checks = stated.map(({ kind, links, columns: names, combinations }) => {
    if (kind === "comparison") return (cells) => links.some((link) => breaks(link, cells));
    const known = new Set(combinations?.map((values) => JSON.stringify(values)));
    return (cells, seen) => {
      const key = keyOf(names, cells);
      return key !== null && (kind === "fixed" ? !known.has(key) : seen.has(key));
    };
  });

  /** A cell of a column that holds a number, which may be a date. */
  function cellOfNumber(name, number) {
    const date = dates.find((one) => one.name === name);
    if (!date) return number;
    return { date: number, words: momentInWords(number * (date.days ? DAY : 1), date.days) };
  }

  return {
    texts: stated.map(({ text }) => text),
    /** What rows before a row have, for those that must be unique: a set for each rule. */
    nothingSeen: () => stated.map(() => new Set()),
    /** Which of the rules a row breaks, by their places. */
    broken: (cells, seen) => checks.flatMap((check, i) => (check(cells, seen[i]) ? [i] : [])),
    /** Remembers a row for those that come after it. */
    remember(cells, seen) {
      stated.forEach(({ kind, columns: names }, i) => {
        if (kind === "unique") seen[i].add(keyOf(names, cells));
      });
    },
    /**
     * Computes one of the cells of each equality that are not `given` from the others, in place.
     *
     * False where it lies outside of what training has seen, and another one could be computed.
     */
    settle(cells, given) {
      const isFree = (name) => computable.includes(name) && !given.includes(name);
      const used = new Set();
      const chosen = [];
      for (const { factors, number } of equations) {
        const names = factors.map(([one]) => one);
        if (names.some((name) => valueOf(name, cells) === null)) continue;
        const name = names.find((one) => isFree(one) && !used.has(one));
        if (name === undefined) continue;
        used.add(name);
        chosen.push({ factors: Object.fromEntries(factors), number, names, name });
      }
      const round = equations.map(() => chosen).flat(); // one may need the result of another
      for (const { factors, number, names, name } of round) {
        const others = names.filter((one) => one !== name);
        const terms = others.map((one) => factors[one] * valueOf(one, cells) * columns[one].scale);
        const { scale, decimals } = columns[name];
        const solved = -sumOf([number, ...terms]) / (factors[name] * scale);
        cells[name] = cellOfNumber(name, decimals === null ? solved : rounded(solved, decimals));
      }
      return chosen.every(({ names, name }) => {
        const value = valueOf(name, cells);
        const isWithin = value >= columns[name].low && value <= columns[name].high;
        return isWithin || !names.some((one) => one !== name && isFree(one));
      });
    },
  };
}

/** A number with so many decimals; of two that are as near the even one, as NumPy takes it. */
function rounded(number, decimals) {
  const scaled = number * 10 ** decimals;
  const whole = Math.round(scaled);
  return (Math.abs(scaled % 1) === 0.5 && whole % 2 ? whole - 1 : whole) / 10 ** decimals;
}

const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
