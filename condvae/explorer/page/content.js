// Reads what Python packed into the page (condvae/explorer/payload.py).

const VIEWS = {
  float32: Float32Array,
  int16: Int16Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
};

/** Header, tensors and the other arrays, {shape, data}; throws where the text is damaged. */
export async function readContent(text) {
  const packed = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(inflated).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  if (header.format !== 2) throw new Error(`format ${header.format}`);
  const tensors = {};
  const arrays = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(header.arrays)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const View = VIEWS[dtype];
    const start = 4 + length + offset;
    const data =
      View.BYTES_PER_ELEMENT === 2
        ? new View(interleaved(bytes, start, size).buffer)
        : new View(bytes, start, size);
    if (name.startsWith("tensor:")) tensors[name.slice(7)] = { shape, data };
    else arrays[name] = { shape, data };
  }
  for (const [name, tensor] of Object.entries(tensors)) {
    const scale = arrays[`scale:${name}`]?.data;
    if (scale) tensor.data = scaled(tensor.data, scale);
  }
  return { ...header, arrays, tensors };
}

/** Numbers of two bytes, plus 128: all low bytes, padded, then all high bytes. */
function interleaved(bytes, start, size) {
  const low = new Uint8Array(bytes, start, size);
  const high = new Uint8Array(bytes, start + 4 * Math.ceil(size / 4), size);
  return Uint16Array.from(low, (byte, i) => (byte | (high[i] << 8)) - 128);
}

/** Whole numbers, times a scale for each output, the last axis. */
function scaled(numbers, scale) {
  const found = new Float32Array(numbers.length);
  for (let i = 0; i < found.length; ) {
    for (const one of scale) {
      found[i] = numbers[i] * one;
      i += 1;
    }
  }
  return found;
}

/** The points of the plane: latents of a row, and its class. */
export function readPoints({ points, arrays, latent_dim: size }) {
  if (!points) return null;
  const { data } = arrays.points;
  const steps = arrays.row_steps?.data;
  let [last, rows] = [0, null];
  if (steps) rows = Uint32Array.from(steps, (step) => (last += step));
  const { low, span } = points;
  const at = (row, axis) => low[axis] + ((data[row * size + axis] + 32767) / 65534) * span[axis];
  return {
    count: data.length / size,
    names: points.names,
    codes: arrays.codes.data,
    rows, // their numbers in the data set, null where they are not told
    estimator: points.estimator,
    /** log p(x | y) of a row, nats; null where it was not computed. */
    logProb(row) {
      const number = arrays.log_prob?.data[row] ?? NaN;
      return Number.isFinite(number) ? number : null;
    },
    at,
    z: (row) => Array.from({ length: size }, (_, axis) => at(row, axis)),
  };
}
