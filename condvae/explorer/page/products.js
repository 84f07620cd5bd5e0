// Rows times a matrix: where nearly all of the time goes.

/**
 * out = x · kernel + bias, for `rows` rows of `inputs` numbers; kernel is (inputs, outputs).
 *
 * The inner loop runs along the outputs, where memory is contiguous, four inputs at a time, and
 * inputs that are zero, half of what a relu leaves, cost nothing.
 */
export function multiply(rows, inputs, outputs, x, kernel, bias, out) {
  const used = new Int32Array(inputs);
  for (let row = 0; row < rows; row++) {
    const sums = out.subarray(row * outputs, (row + 1) * outputs);
    if (bias) sums.set(bias);
    const first = row * inputs;
    let count = 0;
    for (let input = 0; input < inputs; input++) {
      if (x[first + input] !== 0) used[count++] = input;
    }
    let next = 0;
    for (; next + 4 <= count; next += 4) {
      const a = x[first + used[next]];
      const b = x[first + used[next + 1]];
      const c = x[first + used[next + 2]];
      const d = x[first + used[next + 3]];
      const ofA = used[next] * outputs;
      const ofB = used[next + 1] * outputs;
      const ofC = used[next + 2] * outputs;
      const ofD = used[next + 3] * outputs;
      for (let j = 0; j < outputs; j++) {
        sums[j] +=
          a * kernel[ofA + j] + b * kernel[ofB + j] + c * kernel[ofC + j] + d * kernel[ofD + j];
      }
    }
    for (; next < count; next++) {
      const a = x[first + used[next]];
      const ofA = used[next] * outputs;
      for (let j = 0; j < outputs; j++) sums[j] += a * kernel[ofA + j];
    }
  }
}
