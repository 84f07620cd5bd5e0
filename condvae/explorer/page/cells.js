// The cells of a row by their columns' names: those that were drawn, and those that follow.

import { momentInWords, momentOf, placeOfMoment } from "./calendar.js";
import { cellOf } from "./rows.js";

const DAY = 86400; // seconds

/** {name: cell} of drawn states and numbers; dates are {date: in seconds or days, words}. */
export function cellsOf(table, { codes, numbers }) {
  const cells = {};
  table.columns.forEach((column, place) => {
    cells[column.name] = cellOf(column, codes[place], numbers[place]);
  });
  for (const date of table.dates) cells[date.name] = dateOf(date, cells);
  return withDerived(table, cells);
}

/** The cells, those among them that others determine computed. */
export function withDerived(table, cells) {
  for (const derived of table.derived) cells[derived.name] = derivedOf(derived, cells);
  return cells;
}

/** The date of its parts, between the first and the last. */
function dateOf({ parts, fixed, days, first, last }, cells) {
  const at = Object.entries(parts).map(([part, name]) => [part, cells[name]]);
  const second = days ? DAY : 1;
  const moment = momentOf({ ...fixed, ...Object.fromEntries(at) }) / second;
  if (Number.isNaN(moment)) return null;
  const date = Math.min(Math.max(moment, first), last);
  return { date, words: momentInWords(date * second, days) };
}

/** What a column that another one determines has beside this one. */
function derivedOf({ source, place, days, values }, cells) {
  const cell = cells[source];
  const value = place && cell ? placeOfMoment(place, cell.date * (days ? DAY : 1)) : cell;
  const found = values.find(([key]) => key === keyOf(value));
  if (found) return found[1];
  // a number that is the place itself, such as the year, is so of places that were never seen
  const isPlace = place && values.every(([key, one]) => one === null || Number(key) === one);
  return isPlace ? (value ?? null) : null;
}

/** A value as text: a number as Python writes a float. */
function keyOf(value) {
  if (value === null || value === undefined) return "nan";
  if (typeof value === "string") return value;
  const number = typeof value === "object" ? value.date : value;
  return Number.isInteger(number) ? `${number}.0` : String(number);
}

/** A cell as one reads it, a number with so many decimals where they are known. */
export function cellInWords(cell, decimals = null) {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "object") return cell.words;
  if (typeof cell === "number") {
    const text = decimals === null ? String(Number(cell.toPrecision(6))) : cell.toFixed(decimals);
    return text.replace("-", "−");
  }
  return cell;
}
