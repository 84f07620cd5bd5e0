// What each operation of a graph means: one function for each kind that is named in
// condvae/graph/operations.py. A value is {shape: [batch, ...], data: Float32Array}.

import { FUNCTIONS, softmax } from "./functions.js";
import { multiply } from "./products.js";

/** The product of numbers. */
const product = (sizes) => sizes.reduce((a, b) => a * b, 1);

/** A value of zeros. */
function zeros(shape) {
  return { shape, data: new Float32Array(product(shape)) };
}

export const OPERATIONS = {
  /** x · kernel + bias, over the last axis. */
  dense(operation, [x], tensors) {
    const [inputs, outputs] = tensors[operation.kernel].shape;
    const result = zeros([...x.shape.slice(0, -1), outputs]);
    const { data: kernel } = tensors[operation.kernel];
    const rows = x.data.length / inputs;
    multiply(rows, inputs, outputs, x.data, kernel, bias(operation, tensors), result.data);
    return result;
  },

  /** A cross-correlation over height and width, as a product with each place's window. */
  convolution(operation, [x], tensors) {
    const { shape, data: kernel } = tensors[operation.kernel];
    const [height, width, , outputs] = shape;
    const [batch, ...image] = x.shape;
    const [down, across] = [0, 1].map((axis) => steps(operation, image[axis], shape[axis], axis));
    const result = zeros([batch, down.count, across.count, outputs]);
    const inputs = height * width * image[2];
    const places = down.count * across.count;
    // one image at a time, so that windows take height * width times an image, not a batch
    const windows = new Float32Array(places * inputs);
    for (let row = 0; row < batch; row++) {
      const pixels = x.data.subarray(row * product(image), (row + 1) * product(image));
      gather(pixels, image, [height, width], down, across, windows);
      const out = result.data.subarray(row * places * outputs, (row + 1) * places * outputs);
      multiply(places, inputs, outputs, windows, kernel, bias(operation, tensors), out);
    }
    return result;
  },

  function(operation, [x]) {
    const result = zeros(x.shape);
    if (operation.function === "softmax") {
      softmax(x.data, x.shape.at(-1), result.data);
      return result;
    }
    const apply = FUNCTIONS[operation.function];
    for (let i = 0; i < x.data.length; i++) result.data[i] = apply(x.data[i]);
    return result;
  },

  /** Two or more values, number by number, as they broadcast. */
  combination(operation, values) {
    return values.reduce((a, b) => combine(COMBINATIONS[operation.function], a, b));
  },

  affine(operation, [x]) {
    const factor = Math.fround(operation.factor);
    // NumPy reads both as float32
    const offset = Math.fround(operation.offset);
    return { shape: x.shape, data: x.data.map((number) => factor * number + offset) };
  },

  /** x + tensor, which broadcasts over the batch. */
  shift(operation, [x], tensors) {
    return combine(COMBINATIONS.add, x, tensors[operation.tensor]);
  },

  concatenate(operation, values) {
    const { axis } = operation;
    const shape = [...values[0].shape];
    shape[axis] = values.reduce((sum, value) => sum + value.shape[axis], 0);
    const result = zeros(shape);
    const stride = product(shape.slice(axis));
    let start = 0;
    for (const { shape: of, data } of values) {
      const size = product(of.slice(axis));
      for (let from = 0, to = start; from < data.length; from += size, to += stride) {
        result.data.set(data.subarray(from, from + size), to);
      }
      start += size;
    }
    return result;
  },

  slice({ axis, start, stop }, [x]) {
    const inner = product(x.shape.slice(axis + 1));
    const last = Math.min(stop, x.shape[axis]);
    const result = zeros(x.shape.map((size, i) => (i === axis ? last - start : size)));
    const size = (last - start) * inner;
    const stride = x.shape[axis] * inner;
    for (let from = start * inner, to = 0; to < result.data.length; from += stride, to += size) {
      result.data.set(x.data.subarray(from, from + size), to);
    }
    return result;
  },

  reshape(operation, [x]) {
    return { shape: [x.shape[0], ...operation.shape], data: x.data };
  },

  transpose(operation, [x]) {
    const axes = [0, ...operation.axes];
    const result = zeros(axes.map((axis) => x.shape[axis]));
    const before = strides(x.shape);
    const steps = axes.map((axis) => before[axis]);
    eachPlace(result.shape, [steps], (to, from) => {
      result.data[to] = x.data[from];
    });
    return result;
  },

  upsample({ factors: [down, across] }, [x]) {
    const [batch, height, width, channels] = x.shape;
    const result = zeros([batch, height * down, width * across, channels]);
    let to = 0;
    for (let row = 0; row < batch * height; row++) {
      const line = to;
      for (let column = 0; column < width; column++) {
        const from = (row * width + column) * channels;
        const pixel = x.data.subarray(from, from + channels);
        for (let copy = 0; copy < across; copy++, to += channels) result.data.set(pixel, to);
      }
      const size = to - line;
      for (let copy = 1; copy < down; copy++, to += size) {
        result.data.copyWithin(to, line, line + size);
      }
    }
    return result;
  },

  /** The largest number of each channel over height and width. */
  largest(operation, [x]) {
    const [batch, height, width, channels] = x.shape;
    const result = { shape: [batch, channels], data: new Float32Array(batch * channels) };
    // below any number
    result.data.fill(-Infinity);
    const size = height * width * channels;
    x.data.forEach((number, i) => {
      const to = Math.floor(i / size) * channels + (i % channels);
      if (number > result.data[to]) result.data[to] = number;
    });
    return result;
  },

  one_hot({ size }, [x]) {
    const result = zeros([...x.shape, size]);
    x.data.forEach((code, i) => {
      if (code >= 0 && code < size && Number.isInteger(code)) result.data[i * size + code] = 1;
    });
    return result;
  },
};

const COMBINATIONS = {
  add: (a, b) => a + b,
  multiply: (a, b) => a * b,
  less: (a, b) => (a < b ? 1 : 0),
};

/** Two values number by number; axes are added in front, and those of size 1 repeat. */
function combine(apply, a, b) {
  if (a.shape.join() === b.shape.join()) {
    return { shape: a.shape, data: a.data.map((number, i) => apply(number, b.data[i])) };
  }
  const rank = Math.max(a.shape.length, b.shape.length);
  const shapes = [a, b].map(({ shape }) => [...Array(rank - shape.length).fill(1), ...shape]);
  const result = zeros(shapes[0].map((size, axis) => Math.max(size, shapes[1][axis])));
  const steps = shapes.map((shape) =>
    // a step of 0 repeats an axis of size 1
    strides(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride)),
  );
  eachPlace(result.shape, steps, (to, ofA, ofB) => {
    result.data[to] = apply(a.data[ofA], b.data[ofB]);
  });
  return result;
}

/** Calls visit(place, ...) for each place of a shape, and where others are that step beside it. */
function eachPlace(shape, [first, second = first], visit) {
  const index = new Int32Array(shape.length);
  const last = shape.length - 1;
  let [a, b] = [0, 0];
  for (let place = 0; place < product(shape); place++) {
    visit(place, a, b);
    for (let axis = last; axis >= 0; axis--) {
      a += first[axis];
      b += second[axis];
      if (++index[axis] < shape[axis]) break;
      a -= first[axis] * shape[axis];
      b -= second[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/** How far apart neighbours along each axis are. */
function strides(shape) {
  return shape.map((_, axis) => product(shape.slice(axis + 1)));
}

/** The bias of an operation, or none. */
function bias(operation, tensors) {
  return operation.bias === null ? null : tensors[operation.bias].data;
}

/** Where windows begin along an axis: how many, how far apart, and zeros before the first. */
function steps({ strides, padding }, size, width, axis) {
  const stride = strides[axis];
  if (padding === "valid")
    return { stride, before: 0, count: Math.floor((size - width) / stride) + 1 };
  const count = Math.ceil(size / stride);
  // of an odd number of zeros the larger half comes after, as in Keras
  return { stride, count, before: Math.max((count - 1) * stride + width - size, 0) >> 1 };
}

/** The windows of an image side by side, each (height, width, channels); zeros outside of it. */
function gather(pixels, [rows, columns, channels], [height, width], down, across, windows) {
  windows.fill(0);
  let to = 0;
  for (let i = 0; i < down.count; i++) {
    for (let j = 0; j < across.count; j++) {
      const left = j * across.stride - across.before;
      const [from, until] = [Math.max(left, 0), Math.min(left + width, columns)];
      for (let k = 0; k < height; k++, to += width * channels) {
        const row = i * down.stride - down.before + k;
        if (row < 0 || row >= rows || until <= from) continue;
        const start = (row * columns + from) * channels;
        const line = pixels.subarray(start, start + (until - from) * channels);
        windows.set(line, to + (from - left) * channels);
      }
    }
  }
}
