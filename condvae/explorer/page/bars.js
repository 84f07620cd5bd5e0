// How often each value is, of the rows that were drawn beside the real ones.

import { momentInWords } from "./calendar.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [240, 90]; // of the bars of numbers, in units of the drawing
const LINE = 16; // of a word and its bars
const MOST_WORDS = 10;
const DAY = 86400; // seconds

/** The bars of a page, a figure for each column; returns what draws them. */
export function makeBars(page) {
  const { content, element } = page;
  const { order } = content.table;
  element("bars-note").textContent = content.real
    ? `In colour the drawn rows, in grey all ${content.num_real.toLocaleString("en")} real ones.`
    : "Of the drawn rows; the page is without data to compare them with.";
  const box = element("bars");
  const figures = order.map((name) => addFigure(box, name, writerOf(name, content.table)));

  return function draw({ rows }) {
    order.forEach((name, place) => {
      const cells = rows.map((row) => row[name]).map(valueOf);
      const shown = content.real?.[name] ?? ownBins(cells);
      figures[place](shown, sharesOf(shown, cells), content.real !== null);
    });
  };
}

/** What writes a number of a column: a date as such. */
function writerOf(name, { dates }) {
  const date = dates.find((one) => one.name === name);
  return date ? (number) => momentInWords(number * (date.days ? DAY : 1), true) : short;
}

/** A date is counted by its number. */
const valueOf = (cell) => (cell !== null && typeof cell === "object" ? cell.date : (cell ?? null));

/** What bars stand for, where no real rows say it. */
function ownBins(cells) {
  const seen = cells.filter((cell) => cell !== null);
  const values = [...new Set(seen)];
  if (values.length <= 24 || typeof seen[0] === "string") {
    values.sort((a, b) => (typeof a === "number" ? a - b : a < b ? -1 : 1));
    return { values: values.slice(0, 24), shares: [], empty: 0 };
  }
  const [low, high] = [Math.min(...seen), Math.max(...seen)];
  const edges = Array.from({ length: 25 }, (_, i) => low + ((high - low) * i) / 24);
  return { edges, shares: [], empty: 0 };
}

/** The share of each value, or bar, among cells, and of the empty ones. */
function sharesOf({ values, edges }, cells) {
  const count = values?.length ?? edges.length - 1;
  const counts = new Float64Array(count);
  let empty = 0;
  for (const cell of cells) {
    if (cell === null) empty += 1;
    else if (values) {
      const place = values.indexOf(cell);
      if (place >= 0) counts[place] += 1;
    } else {
      const share = (cell - edges[0]) / (edges.at(-1) - edges[0]);
      // as NumPy's histogram: what lies beyond counts to the last bars
      counts[Math.min(count - 1, Math.max(0, Math.floor(share * count)))] += 1;
    }
  }
  return { shares: [...counts].map((n) => n / cells.length), empty: empty / cells.length };
}

/** A figure of a column; returns what draws its bars. */
function addFigure(box, name, write) {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = name;
  const image = document.createElementNS(SVG, "svg");
  image.setAttribute("role", "img");
  figure.append(caption, image);
  box.append(figure);
  return (shown, drawn, hasReal) => {
    image.setAttribute("aria-label", inWords(name, shown, drawn, hasReal, write));
    image.replaceChildren();
    const isWords = shown.values && typeof shown.values[0] === "string";
    if (isWords) drawWords(image, shown, drawn);
    else drawNumbers(image, shown, drawn, write);
    if (drawn.empty || shown.empty) {
      const real = hasReal ? `, ${percent(shown.empty)} of the real ones` : "";
      caption.textContent = `${name} (empty in ${percent(drawn.empty)}${real})`;
    } else caption.textContent = name;
  };
}

const percent = (share) => `${(100 * share).toFixed(share < 0.1 && share > 0 ? 1 : 0)}%`;

/** The most frequent values in words, for those who hear the page. */
function inWords(name, { values, edges, shares }, drawn, hasReal, write) {
  const words = drawn.shares
    .map((share, i) => ({ share, i }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 5)
    .map(({ share, i }) => {
      const value = values ? values[i] : `${write(edges[i])} to ${write(edges[i + 1])}`;
      const real = hasReal ? ` (real ${percent(shares[i])})` : "";
      return `${value} ${percent(share)}${real}`;
    });
  return `${name}: ${words.join(", ")}`;
}

const short = (number) => String(Number(number.toPrecision(3))).replace("-", "−");

function add(parent, kind, attributes, text = null) {
  const one = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  if (text !== null) one.textContent = text;
  parent.append(one);
}

/** Words one below the other, with a bar for each. */
function drawWords(image, { values, shares }, drawn) {
  // those that are frequent in either, in their order
  const larger = (i) => Math.max(shares[i] ?? 0, drawn.shares[i]);
  const kept = [...values.keys()].sort((a, b) => larger(b) - larger(a)).slice(0, MOST_WORDS);
  kept.sort((a, b) => a - b);
  image.setAttribute("viewBox", `0 0 ${WIDTH} ${kept.length * LINE + 4}`);
  const most = Math.max(...shares, ...drawn.shares, 1e-6);
  const left = WIDTH * 0.45;
  kept.forEach((i, line) => {
    const value = values[i];
    const y = line * LINE + 3;
    const words = value.length > 16 ? `${value.slice(0, 15)}…` : value;
    add(image, "text", { x: left - 6, y: y + LINE - 6, class: "end" }, words);
    const width = (share) => ((WIDTH - left) * share) / most;
    const bar = { x: left, height: LINE - 4, y };
    if (shares.length) add(image, "rect", { ...bar, width: width(shares[i]), class: "real" });
    add(image, "rect", {
      ...bar,
      y: y + 3,
      height: LINE - 10,
      width: width(drawn.shares[i]),
      class: "drawn",
    });
  });
}

/** Numbers from left to right. */
function drawNumbers(image, { values, edges, shares }, drawn, write) {
  image.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT + 16}`);
  const most = Math.max(...shares, ...drawn.shares, 1e-6);
  const count = drawn.shares.length;
  const step = WIDTH / count;
  const bars = (of, inset, name) =>
    of.forEach((share, i) => {
      const height = (HEIGHT * share) / most;
      const width = Math.max(0.5, step - 2 * inset);
      add(image, "rect", { x: i * step + inset, y: HEIGHT - height, width, height, class: name });
    });
  bars(shares, step * 0.06, "real");
  bars(drawn.shares, step * 0.26, "drawn");
  const [low, high] = [values?.[0] ?? edges[0], values?.at(-1) ?? edges.at(-1)];
  add(image, "text", { x: 0, y: HEIGHT + 13 }, write(low));
  add(image, "text", { x: WIDTH, y: HEIGHT + 13, class: "end" }, write(high));
}
