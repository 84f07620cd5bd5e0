// The images of the data that can be taken: one stop of the keyboard, arrows within.

import { rowOf } from "./arrays.js";
import { pictureOf } from "./pixels.js";
import { rove } from "./roving.js";

/**
 * Fills the row of examples of a page, if it has any.
 *
 * use(row, numbers) gives {take, name} of one of them, numbers in [0, 1]: take() is called when it
 * is chosen, name, or "", is added to what it is called.
 */
export function addExamples({ element }, { examples, arrays }, shape, use) {
  if (!examples) return;
  const [height, width, channels] = shape;
  const size = height * width * channels;
  const { data } = arrays.examples;
  const box = element("examples");
  for (let row = 0; row * size < data.length; row++) {
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    const numbers = Float32Array.from(rowOf(data, size, row), (level) => level / 255);
    Object.assign(canvas, { width, height });
    canvas.getContext("2d").putImageData(pictureOf(numbers, width, height, channels), 0, 0);
    const { take, name } = use(row, numbers);
    button.title = `Image ${row + 1} of the data${name && `, ${name}`}`;
    button.setAttribute("aria-label", button.title);
    button.onclick = take;
    button.append(canvas);
    box.append(button);
  }
  rove(box);
}
