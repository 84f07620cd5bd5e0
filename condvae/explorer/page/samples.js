// What is not given, in several ways: samples, their mean, and where they differ.

import { rowOf } from "./arrays.js";
import { paintAmounts } from "./pixels.js";

const COUNT = 16;
const SHOWN = 6;

/** The samples of a model that is given images; returns what draws them. */
export function makeSamples(page) {
  const { store, engine, painter, prior, encode, element } = page;
  if (page.parts.length) return () => {};
  element("samples-box").hidden = false;
  const box = element("samples");
  let noise = prior.noise(COUNT);
  let drawn = null;
  let z = null;

  /** A picture with its name; a button where it can be taken. */
  function add(name, take) {
    const item = document.createElement(take ? "button" : "figure");
    const canvas = document.createElement("canvas");
    const caption = document.createElement(take ? "span" : "figcaption");
    caption.textContent = name;
    item.append(canvas, caption);
    if (take) item.onclick = take;
    else {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", name);
    }
    box.append(item);
    return canvas;
  }

  const mean = add("mean");
  const spread = add("spread");
  const canvases = Array.from({ length: SHOWN }, (_, row) =>
    add(`sample ${row + 1}`, () => {
      store.commit({ z: [...rowOf(z, store.state.z.length, row)] });
    }),
  );
  element("more-samples").onclick = () => {
    noise = prior.noise(COUNT);
    drawn = null;
    draw(store.state);
  };

  function draw(state) {
    if (drawn === state.given) return;
    drawn = state.given;
    z = prior.draw(state, noise, COUNT);
    const all = new Float32Array(COUNT * painter.size);
    let missing = COUNT;
    const inputs = { rows: COUNT, z, y: encode(state) };
    engine.ask("samples", "decoder", inputs, (first, { x_mean }, rows) => {
      for (let row = 0; row < rows; row++) {
        const numbers = rowOf(x_mean.data, painter.size, row);
        const whole = page.withGiven(state, numbers);
        all.set(whole, (first + row) * painter.size);
        if (first + row < SHOWN) painter.paint(canvases[first + row], whole);
      }
      missing -= rows;
      if (!missing) summarise(all);
    });
  }

  /** Mean and standard deviation, pixel by pixel; of several channels the deviation's length. */
  function summarise(all) {
    const { size, channels, width, height } = painter;
    const middle = new Float32Array(size);
    const squares = new Float32Array(width * height);
    all.forEach((number, place) => (middle[place % size] += number / COUNT));
    all.forEach((number, place) => {
      const here = place % size;
      squares[Math.floor(here / channels)] += (number - middle[here]) ** 2 / COUNT;
    });
    painter.paint(mean, middle);
    paintAmounts(spread, squares.map(Math.sqrt), width, height);
  }

  return draw;
}
