// An image of one's own, or of the data: encoded and shown under every label, or given.

import { rowOf } from "./arrays.js";
import { decodeParts, leadingPart } from "./condition.js";
import { drawingOf } from "./drawing.js";
import { makeReader } from "./encoder.js";
import { addExamples } from "./examples.js";
import { makeSketch } from "./sketch.js";

/**
 * The sheet and the examples of a page; returns what draws them.
 *
 * `state.drawing` holds the levels of what was encoded from the sheet, or null. `state.reading` is
 * what was made of it, {drawing, z, values, scale, code, isOfData}, and tells of no other drawing.
 */
export function makeOwn(page) {
  const { content, store, parts, isMasked, element } = page;
  const isGiven = !parts.length;
  if (!page.canDraw) return () => {};
  const shape = isGiven ? content.condition.image_shape : content.image_shape;
  const channels = shape[2];
  const { examples } = content;
  const leading = leadingPart(parts);
  const settings = { shape, channels, isMasked, isGiven, examples };
  const sketch = makeSketch(page, settings, isGiven ? give : encode);
  const read = isGiven ? null : makeReader(page);

  function give(pixels) {
    store.commit({ given: { ...store.state.given, pixels } });
  }

  /** Finds z and the class of what was drawn or opened. */
  function encode(pixels) {
    const ink = sketch.ink();
    read(pixels, null, ({ z, values, scale }, code) => {
      const drawing = drawingOf(pixels);
      sketch.keep(drawing, ink);
      const reading = { drawing, z, values, scale, code, isOfData: false };
      store.commit({ z, values, drawing, reading });
    });
  }

  /** Takes an image of the data, under the condition that it has there. */
  function take(pixels, values) {
    const code = codeOf(values);
    store.change({ values });
    read(pixels, code, ({ z, scale }) => {
      const drawing = drawingOf(pixels);
      const reading = { drawing, z, values, scale, code, isOfData: true };
      store.commit({ z, values, drawing, reading });
    });
  }

  const codeOf = (values) => {
    const weights = values[leading];
    return weights ? weights.indexOf(Math.max(...weights)) : null;
  };
  const nameOf = (code) => `${parts[leading].name} ${parts[leading].categories[code]}`;

  addExamples(page, content, shape, (row, numbers) => {
    if (isGiven) return { take: () => give(numbers), name: "" };
    const { data, shape: ofY } = content.arrays.examples_y;
    const values = decodeParts(parts, rowOf(data, data.length / ofY[0], row));
    const code = codeOf(values);
    return { take: () => take(numbers, values), name: code === null ? "" : nameOf(code) };
  });
  element("clear").onclick = () => {
    sketch.clear();
    if (isGiven) give(sketch.pixels());
    else store.commit({ drawing: null });
  };
  element("again").onclick = () => {
    const { z, values } = store.state.reading;
    store.commit({ z, values });
  };

  /** What the page has made of the sheet. */
  function writeReading(state) {
    const reading = readingOf(state);
    const isHere = reading !== null && reading.z.every((number, i) => number === state.z[i]);
    element("again").hidden = reading === null || isHere;
    element("reading").textContent = reading === null ? "" : sentence(reading, isHere);
  }

  function sentence({ code, isOfData }, isHere) {
    const how =
      code === null ? "" : `${isOfData ? " under its own label," : " as"} ${nameOf(code)}`;
    if (!isHere) return `Encoded${how}. Since then z has been moved.`;
    return `Encoded${how}: its style is shown under every label.`;
  }

  let drawn = null;

  return function draw(state) {
    const isOther = !drawn || drawn.given !== state.given || drawn.drawing !== state.drawing;
    if (isOther) sketch.show(state); // what is drawn by hand is shown at once
    if (isOther || drawn.z !== state.z) writeReading(state);
    drawn = state;
  };
}

/** What was made of the drawing, null where nothing was. */
export function readingOf({ drawing, reading }) {
  return drawing && reading?.drawing === drawing ? reading : null;
}
