// Rows times a matrix: where nearly all of the time goes.

import { hasTiles, multiplyByTiles } from "./panels.js";

/** out = x · kernel + bias, for `rows` rows of `inputs` numbers; kernel is (inputs, outputs). */
export const multiply = hasTiles ? multiplyByTiles : multiplyByPairs;

/**
 * The same where the browser has no vectors, or a site forbids them.
 *
 * Two rows at a time share what is read of the kernel. The inner loop runs along the outputs, where
 * memory is contiguous, four inputs at a time, and inputs that are zero in both rows, of which a
 * relu leaves many, cost nothing.
 */
function multiplyByPairs(rows, inputs, outputs, x, kernel, bias, out) {
  const used = new Int32Array(inputs + 3); // padded to fours by an input of zero
  const pair = new Float32Array(2 * (inputs + 3));
  const spare = new Float32Array(outputs);
  for (let row = 0; row < rows; row += 2) {
    const sums = out.subarray(row * outputs, (row + 1) * outputs);
    // an odd last row is computed twice, its double into `spare`
    const isLast = row + 1 === rows;
    const others = isLast ? spare : out.subarray((row + 1) * outputs, (row + 2) * outputs);
    for (const part of [sums, others]) if (bias) part.set(bias);
    const first = row * inputs;
    const second = isLast ? first : first + inputs;
    let count = 0;
    for (let input = 0; input < inputs; input++) {
      const a = x[first + input];
      const b = x[second + input];
      if (a === 0 && b === 0) continue;
      used[count] = input * outputs;
      pair[2 * count] = a;
      pair[2 * count + 1] = b;
      count++;
    }
    for (; count % 4; count++) {
      used[count] = 0;
      pair[2 * count] = pair[2 * count + 1] = 0;
    }
    for (let next = 0; next < count; next += 4) {
      addFour(outputs, kernel, used, pair, next, sums, others);
    }
  }
}

/** Adds what four inputs contribute to two rows of sums. */
function addFour(outputs, kernel, used, pair, next, sums, others) {
  const at0 = used[next];
  const at1 = used[next + 1];
  const at2 = used[next + 2];
  const at3 = used[next + 3];
  const a0 = pair[2 * next];
  const b0 = pair[2 * next + 1];
  const a1 = pair[2 * next + 2];
  const b1 = pair[2 * next + 3];
  const a2 = pair[2 * next + 4];
  const b2 = pair[2 * next + 5];
  const a3 = pair[2 * next + 6];
  const b3 = pair[2 * next + 7];
  for (let j = 0; j < outputs; j++) {
    const k0 = kernel[at0 + j];
    const k1 = kernel[at1 + j];
    const k2 = kernel[at2 + j];
    const k3 = kernel[at3 + j];
    sums[j] += a0 * k0 + a1 * k1 + a2 * k2 + a3 * k3;
    others[j] += b0 * k0 + b1 * k1 + b2 * k2 + b3 * k3;
  }
}
