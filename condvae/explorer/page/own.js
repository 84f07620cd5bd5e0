// An image of one's own, or of the data: encoded and shown under every label, or given.

import { rowOf } from "./arrays.js";
import { decodeParts, leadingPart } from "./condition.js";
import { makeReader } from "./encoder.js";
import { pictureOf } from "./pixels.js";
import { makeSketch } from "./sketch.js";

/** The sheet and the examples of a page; returns what draws them. */
export function makeOwn(page) {
  const { content, store, engine, painter, parts, isMasked, element } = page;
  const isGiven = !parts.length;
  if (!isGiven && (!engine.has("encoder") || painter.colours)) return () => {};
  const shape = isGiven ? content.condition.image_shape : content.image_shape;
  const [height, width, channels] = shape;
  const { examples } = content;
  const leading = leadingPart(parts);
  const settings = { shape, channels, isMasked, isGiven, examples };
  const sketch = makeSketch(page, settings, isGiven ? give : encode);
  const read = isGiven ? null : makeReader(page);

  function give(pixels) {
    store.commit({ given: { ...store.state.given, pixels } });
  }

  /** Finds z and the class of an image. */
  function encode(numbers) {
    read(numbers, null, (changes, code) => {
      store.commit(changes);
      const name =
        code === null ? "" : ` as ${parts[leading].name} ${parts[leading].categories[code]}`;
      element("reading").textContent = `Encoded${name}: its style is shown under every label.`;
    });
  }

  addExamples();

  /** A row of images of the data to take. */
  function addExamples() {
    if (!examples) return;
    const size = height * width * channels;
    const { data } = content.arrays.examples;
    const given = content.arrays.examples_y;
    for (let row = 0; row * size < data.length; row++) {
      const button = document.createElement("button");
      const canvas = document.createElement("canvas");
      button.append(canvas);
      button.setAttribute("aria-label", `Image ${row + 1} of the data`);
      element("examples").append(button);
      const numbers = Float32Array.from(rowOf(data, size, row), (level) => level / 255);
      Object.assign(canvas, { width, height });
      canvas.getContext("2d").putImageData(pictureOf(numbers, width, height, channels), 0, 0);
      button.onclick = () => {
        if (isGiven) return give(numbers);
        const y = rowOf(given.data, given.data.length / (data.length / size), row);
        const values = decodeParts(parts, y);
        sketch.load(numbers);
        sketch.show(store.state);
        store.change({ values });
        const weights = values[leading];
        read(numbers, weights ? weights.indexOf(Math.max(...weights)) : null, (changes) => {
          store.commit({ ...changes, values });
          element("reading").textContent = "Encoded under its own label.";
        });
      };
    }
  }

  let drawn = null;

  return function draw(state) {
    if (drawn && drawn.given === state.given) return; // what is drawn by hand is shown at once
    drawn = state;
    sketch.show(state);
  };
}
