// Products by tiles: kernels stay in the memory of the innermost loop, cut into panels.

import { COLUMNS, ROWS, makeTile } from "./tile.js";

const BYTES = 4; // of a number
const PAGE = 65536; // bytes, of which memory is a multiple
const loop = makeTile();
const places = new WeakMap(); // of kernels in the memory
let numbers = new Float32Array(0); // the memory
let used = 0; // numbers of it

export const hasTiles = loop !== null;

/** out = x · kernel + bias, as in products.js. */
export function multiplyByTiles(rows, inputs, outputs, x, kernel, bias, out) {
  const size = (1 + inputs) * COLUMNS; // numbers of a panel
  if (!places.has(kernel)) keepKernel(inputs, outputs, kernel, bias, size);
  const start = places.get(kernel);
  // room for one tile behind all kernels; the next kernel overwrites it
  const tile = { x: used, out: used + inputs * ROWS };
  reserve(tile.out + ROWS * COLUMNS);
  for (let row = 0; row < rows; row += ROWS) {
    const count = Math.min(ROWS, rows - row);
    for (let i = 0; i < count; i++) {
      const from = (row + i) * inputs;
      const to = tile.x + i;
      // transposed: the loop reads one input of all rows at a time
      for (let input = 0; input < inputs; input++) numbers[to + input * ROWS] = x[from + input];
    }
    for (let column = 0, panel = start; column < outputs; column += COLUMNS, panel += size) {
      loop.tile(tile.x * BYTES, tile.out * BYTES, panel * BYTES);
      const width = Math.min(COLUMNS, outputs - column);
      for (let i = 0; i < count; i++) {
        const from = tile.out + i * COLUMNS;
        const to = (row + i) * outputs + column;
        for (let j = 0; j < width; j++) out[to + j] = numbers[from + j];
      }
    }
  }
}

/** Lays a kernel and its bias into the memory; what columns beyond the last hold is never read. */
function keepKernel(inputs, outputs, kernel, bias, size) {
  const start = used;
  used += Math.ceil(outputs / COLUMNS) * size;
  reserve(used);
  places.set(kernel, start);
  for (let column = 0; column < outputs; column++) {
    const first = start + Math.floor(column / COLUMNS) * size + (column % COLUMNS);
    // sums start from the bias, so it comes before the kernel's rows
    numbers[first] = bias ? bias[column] : 0;
    for (let input = 0; input < inputs; input++) {
      numbers[first + (1 + input) * COLUMNS] = kernel[input * outputs + column];
    }
  }
}

/** Makes the memory large enough for so many numbers. */
function reserve(size) {
  const { memory } = loop;
  const missing = size * BYTES - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  // one that has grown is another buffer
  if (numbers.buffer !== memory.buffer) numbers = new Float32Array(memory.buffer);
}
