// From an image to z: the encoder under each class, and which of them explains the image best.

import { joined, rowOf, times } from "./arrays.js";
import { encodeParts, leadingPart } from "./condition.js";
import { oneOf, withValue } from "./values.js";

/** Reads images; take({z, scale, values}, code) gets q(z | x, y) under the class that was taken. */
export function makeReader(page) {
  const { content, store, engine, painter, parts } = page;
  const leading = leadingPart(parts);
  const part = parts[leading];
  const [low, high] = content.pixel_range;

  /** z of numbers in [0, 1], under the class `code`, or under the one that fits best. */
  return function read(numbers, code, take) {
    const { values } = store.state;
    const classes = leading < 0 ? [null] : part.categories.map((_, i) => i);
    const candidates = code === null ? classes : [code];
    const chosen = (i) => (i === null ? values : withValue(values, leading, oneOf(part.size, i)));
    const rows = candidates.length;
    const x = Float32Array.from(numbers, (number) => low + number * (high - low));
    const y = joined(candidates.map((i) => encodeParts(parts, chosen(i))));
    // half: a pixel above it is taken for white where the model binarises
    const half = new Float32Array(x.length).fill(0.5);
    const inputs = { rows, x: times(x, rows), y, pixel_noise: times(half, rows) };
    const size = content.latent_dim;
    const [mean, logvar] = [0, 0].map(() => new Float32Array(rows * size));
    let missing = rows;
    engine.ask("encode", "encoder", inputs, (first, outputs, count) => {
      mean.set(outputs.mean.data, first * size);
      logvar.set(outputs.logvar.data, first * size);
      missing -= count;
      if (missing) return;
      if (rows === 1) finish(0);
      else decode();
    });

    /** How well each class gives the image back. */
    function decode() {
      const scores = new Float32Array(rows);
      let left = rows;
      engine.ask("read", "decoder", { rows, z: mean, y }, (first, { x_mean }, count) => {
        for (let row = 0; row < count; row++) {
          const z = rowOf(mean, size, first + row);
          const image = rowOf(x_mean.data, painter.size, row);
          scores[first + row] =
            misfit(x, image, low, high) + z.reduce((sum, n) => sum + n * n, 0) / 2;
        }
        left -= count;
        if (!left) finish(scores.indexOf(Math.min(...scores)));
      });
    }

    function finish(row) {
      const z = [...rowOf(mean, size, row)];
      const scale = [...rowOf(logvar, size, row)].map((number) => Math.exp(number / 2));
      take({ z, scale, values: chosen(candidates[row]) }, candidates[row]);
    }
  };
}

/** What an image costs by the expected one, in nats: the pixels as shares of black and white. */
function misfit(x, image, low, high) {
  return x.reduce((sum, number, place) => {
    const [target, share] = [number, image[place]].map((value) => (value - low) / (high - low));
    const kept = Math.min(Math.max(share, 1e-4), 1 - 1e-4);
    return sum - target * Math.log(kept) - (1 - target) * Math.log(1 - kept);
  }, 0);
}
