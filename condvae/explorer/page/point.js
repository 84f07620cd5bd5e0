// A row of the data that was clicked: its image, what the model makes of it, its neighbours.

import { leadingPart } from "./condition.js";
import { rove } from "./roving.js";
import { oneOf, withValue } from "./values.js";

const NEIGHBOURS = 8;

/** The row of a page that is looked at; returns what draws it. `page.look(row)` takes one. */
export function makePoint(page) {
  const { content, store, engine, painter, parts, points, pictures, element } = page;
  if (!points) return () => {};
  const leading = leadingPart(parts);
  const nameOf = (code) => points.names[code];

  /** The condition of a row, as far as the page knows it. */
  page.valuesOf = (row) => {
    const { values } = store.state;
    if (pictures.has(row)) return pictures.values(row);
    const code = points.codes[row];
    if (leading < 0 || code >= parts[leading].size) return values;
    return withValue(values, leading, oneOf(parts[leading].size, code));
  };
  page.givenOf = (row) => (pictures.has(row) && pictures.given(row)) || store.state.given;
  page.look = (row) =>
    store.commit({
      point: row,
      z: points.z(row),
      values: page.valuesOf(row),
      given: page.givenOf(row),
    });
  /** "Row 12,345", or what stands for it where rows are not told. */
  page.rowName = (row) =>
    points.rows ? `Row ${points.rows[row].toLocaleString("en")}` : "A row of the data";
  element("close-point").onclick = () => {
    store.commit({ point: null });
    element("handle").focus();
  };

  /** Facts of a row, a line each. */
  function factsOf(row) {
    const lines = [];
    const code = points.codes[row];
    if (nameOf(code)) lines.push(`${leading < 0 ? "" : `${parts[leading].name} `}${nameOf(code)}`);
    const odd = page.oddOf?.(row);
    const ours = points.logProb(row);
    const known = ours ?? odd?.log_prob ?? null;
    if (known !== null) {
      const how = ours === null ? "condvae score" : points.estimator;
      lines.push(`log p(x | y) = ${known.toFixed(1).replace("-", "−")} nats (${how})`);
    } else if (points.estimator) lines.push("log p(x | y) was computed for other rows only.");
    if (odd) {
      const rows = `${content.unusual.num_rows.toLocaleString("en")} rows`;
      if (odd.rank) lines.push(`${odd.rank} of ${rows} are less plausible`);
      else lines.push(`The least plausible of ${rows}`);
      if (odd.best !== nameOf(code)) {
        lines.push(`The model takes it for ${odd.best}, p = ${odd.prob.toPrecision(3)}`);
      }
    } else if (known !== null) lines.push(shareBelow(row, known));
    if (!pictures.has(row)) lines.push("Its image is not in this page.");
    return lines;
  }

  /** Where log p(x | y) of a row stands among those of its class. */
  function shareBelow(row, logProb) {
    let [count, less] = [0, 0];
    for (let other = 0; other < points.count; other++) {
      const one = points.codes[other] === points.codes[row] ? points.logProb(other) : null;
      if (one === null) continue;
      count += 1;
      if (one < logProb) less += 1;
    }
    const [of, all] = [less, count].map((number) => number.toLocaleString("en"));
    return `${of} of ${all} rows of its label are less plausible`;
  }

  /** The rows with images that are nearest in all of z. */
  function neighboursOf(row) {
    const z = points.z(row);
    const apart = (other) =>
      z.reduce((sum, number, axis) => sum + (points.at(other, axis) - number) ** 2, 0);
    return pictures.rows
      .filter((other) => other !== row)
      .map((other) => [apart(other), other])
      .sort((a, b) => a[0] - b[0])
      .slice(0, NEIGHBOURS)
      .map(([, other]) => other);
  }

  /** Buttons with the images of rows; caption(row) is what stands below them. */
  page.fillStrip = (box, rows, caption) => {
    box.replaceChildren(
      ...rows.map((row) => {
        const button = document.createElement("button");
        const canvas = document.createElement("canvas");
        const words = document.createElement("span");
        words.textContent = caption(row);
        button.title = page.rowName(row);
        button.setAttribute("aria-label", `${page.rowName(row)}, ${caption(row)}`);
        pictures.paint(canvas, row);
        button.append(canvas, words);
        button.onclick = () => page.look(row);
        return button;
      }),
    );
    if (rows.length) rove(box);
  };

  let drawn = null;

  return function draw({ point: row }) {
    if (row === drawn) return;
    drawn = row;
    element("point-box").hidden = row === null;
    if (row === null) return;
    element("point-title").textContent = page.rowName(row);
    const hasPicture = pictures.has(row);
    element("real-box").hidden = !hasPicture;
    if (hasPicture) pictures.paint(element("real"), row);
    element("back-words").textContent = hasPicture ? "its reconstruction" : "decoded at its mean z";
    element("point-facts").replaceChildren(
      ...factsOf(row).map((line) => {
        const item = document.createElement("li");
        item.textContent = line;
        return item;
      }),
    );
    const at = { ...store.state, values: page.valuesOf(row), given: page.givenOf(row) };
    const y = page.encode(at);
    const inputs = { rows: 1, z: Float32Array.from(points.z(row)), y };
    engine.ask("point", "decoder", inputs, (_, { x_mean }) =>
      painter.paint(element("back"), page.withGiven(at, x_mean.data)),
    );
    const near = neighboursOf(row);
    element("near-box").hidden = !near.length;
    page.fillStrip(element("near"), near, (other) => nameOf(points.codes[other]));
  };
}
