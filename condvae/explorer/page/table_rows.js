// The sampled rows as a table, and what is nearest to one of them.

import { cellInWords } from "./cells.js";
import { interpolate } from "./scale.js";

const SHOWN = 12;
const NEAREST = 5;
const FEW = 50; // draws of z, on which rows should not rest
const FAR = 3; // standard deviations that are as different as another word is

/** The rows of a page; returns what draws them. */
export function makeRows(page) {
  const { content, element, store } = page;
  const { order, columns, dates } = content.table;
  const real = content.rows && rowsOf(content.rows);
  const decimals = new Map(columns.map(({ name, decimals: digits }) => [name, digits ?? null]));
  const words = (name, cell) => cellInWords(cell, decimals.get(name) ?? null);
  let rows = [];
  let chosen = 0;

  element("save").textContent = "Save rows (CSV)";
  element("save").onclick = () => {
    const lines = [order, ...rows.map((row) => order.map((name) => plain(row[name])))];
    const text = lines.map((line) => line.map(quoted).join(",")).join("\n");
    page.download(new Blob([`${text}\n`], { type: "text/csv" }), `${content.name}-rows.csv`);
  };

  /** How unlike two rows are, from 0 to 1. Source: Gower 1971. */
  function distance(a, b) {
    const found = [...columns, ...dates]
      .filter(({ name }) => order.includes(name))
      .map((column) => difference(column, a[column.name], b[column.name]));
    return found.reduce((sum, one) => sum + one, 0) / found.length;
  }

  function showNearest(row) {
    chosen = row;
    const from = rows[row];
    const others = real ?? rows.filter((_, place) => place !== row);
    const ranked = others
      .map((other, place) => ({ other, place, apart: distance(from, other) }))
      .sort((a, b) => a.apart - b.apart)
      .slice(0, NEAREST);
    const box = element("nearest");
    fill(box, order, words, [
      { head: `row ${row + 1}`, cells: from, marks: [] },
      ...ranked.map(({ other, place, apart }) => ({
        head: `${real ? "real row" : "row"} ${place + 1}, ${Math.round(100 * apart)}% unlike`,
        cells: other,
        marks: order.filter((name) => words(name, other[name]) !== words(name, from[name])),
      })),
    ]);
    element("nearest-words").textContent = real
      ? `Row ${row + 1} and the nearest of ${real.length} real rows that this page holds.`
      : `Row ${row + 1} and the nearest of ${rows.length - 1} other rows that the model drew.`;
    for (const button of element("rows").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", Number(button.value) === row);
    }
  }

  return function draw(drawn) {
    rows = drawn.rows;
    const given = page.parts.filter((_, i) => store.state.values[i] !== null);
    const names = given.map(({ name }) => name);
    fill(
      element("rows"),
      order,
      words,
      rows.slice(0, SHOWN).map((cells, row) => ({ row, cells, marks: names })),
    );
    for (const button of element("rows").querySelectorAll("button")) {
      button.onclick = () => showNearest(Number(button.value));
    }
    element("effective").textContent = wordsOf(drawn, names);
    element("rules").hidden = !drawn.rules.texts.length;
    element("rules").textContent = rulesInWords(drawn);
    showNearest(Math.min(chosen, rows.length - 1));
  };
}

/** What the rows rest on, in words. */
function wordsOf({ effective, of }, names) {
  if (!names.length) return "Nothing is given: rows like those of the data.";
  const given = `Given ${names.join(", ")}.`;
  if (effective === null) return given;
  const count = Math.round(effective);
  const few =
    count < FEW ? " Few rows are like that: these are alike more than they should be." : "";
  return `${given} The rows rest on ${count} of ${of} draws of z.${few}`;
}

/** Whether the rows keep the rules of the table, in words. */
function rulesInWords({ rows, rules: { texts, again, left, areKept, most } }) {
  if (!texts.length) return "";
  const inWords = (text) => text.replaceAll("`", "");
  if (!areKept) {
    const which = "Hardly a row with these values keeps the stated rules";
    return `${which}, and these do not. Broken most often: ${inWords(most)}.`;
  }
  const kept = `All rows keep the stated rules: ${texts.map(inWords).join("; ")}.`;
  if (!again) return kept;
  const without = left ? `, and ${left} left out` : "";
  return `${kept} For that ${again} of ${rows.length + left} were drawn again${without}.`;
}

/** Writes rows into a table; a row with a place gets a button, another one its head. */
function fill(table, order, words, rows) {
  // the focus stays where it was, on a button that is made anew
  const focused = table.contains(document.activeElement) ? document.activeElement.value : null;
  const head = document.createElement("thead");
  const names = head.insertRow();
  names.insertCell();
  for (const name of order) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    cell.classList.toggle("number", typeof rows[0].cells[name] === "number");
    names.append(cell);
  }
  const body = document.createElement("tbody");
  for (const { row, head: title, cells, marks } of rows) {
    const line = body.insertRow();
    const first = document.createElement("th");
    first.scope = "row";
    if (row === undefined) first.textContent = title;
    else {
      const button = document.createElement("button");
      Object.assign(button, { value: row, textContent: row + 1 });
      button.setAttribute("aria-label", `Nearest to row ${row + 1}`);
      first.append(button);
    }
    line.append(first);
    for (const name of order) {
      const cell = line.insertCell();
      cell.textContent = words(name, cells[name]);
      cell.classList.toggle("number", typeof cells[name] === "number");
      cell.classList.toggle("marked", marks.includes(name));
    }
  }
  table.replaceChildren(head, body);
  if (focused !== null) table.querySelector(`button[value="${focused}"]`)?.focus();
}

/** How unlike two cells are, from 0 to 1. */
function difference(column, a, b) {
  const [one, other] = [a, b].map((cell) => cell ?? null);
  if (one === null || other === null) return one === other ? 0 : 1;
  if (column.categories || !column.minimum) {
    return cellInWords(one) === cellInWords(other) ? 0 : 1;
  }
  if (column.knots) {
    const [p, q] = [one, other].map((value) => interpolate(column.knots, value, 0, 1));
    return Math.min(1, Math.abs(p - q) / FAR);
  }
  const range = column.maximum[0] - column.minimum[0];
  return range ? Math.min(1, Math.abs(one - other) / range) : 0;
}

/** Columns as rows, [{name: cell}]. */
function rowsOf(columns) {
  const [first] = Object.values(columns);
  return first.map((_, row) =>
    Object.fromEntries(Object.entries(columns).map(([name, cells]) => [name, cells[row]])),
  );
}

/** A cell as a file has it. */
const plain = (cell) => (cell !== null && typeof cell === "object" ? cell.words : (cell ?? ""));

/** A field of a CSV file. Source: RFC 4180. */
function quoted(field) {
  const text = String(field);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
