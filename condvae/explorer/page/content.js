// Reads what Python packed into the page (condvae/explorer/payload.py).

const VIEWS = {
  float32: Float32Array,
  int16: Int16Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  float16: Uint16Array,
};

/** Header, tensors and the other arrays, {shape, data}; throws where the text is damaged. */
export async function readContent(text) {
  const packed = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(inflated).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  if (header.format !== 1) throw new Error(`format ${header.format}`);
  const tensors = {};
  const arrays = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(header.arrays)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const stored = new VIEWS[dtype](bytes, 4 + length + offset, size);
    const value = { shape, data: dtype === "float16" ? widen(stored) : stored };
    if (name.startsWith("tensor:")) tensors[name.slice(7)] = value;
    else arrays[name] = value;
  }
  return { ...header, arrays, tensors };
}

/** float16 as float32, by a table of all 65,536 of them. */
function widen(halves) {
  widen.table ??= Float32Array.from({ length: 65536 }, (_, bits) => numberOf(bits));
  return Float32Array.from(halves, (bits) => widen.table[bits]);
}

/** The number that sixteen bits stand for. */
function numberOf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
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
    at,
    z: (row) => Array.from({ length: size }, (_, axis) => at(row, axis)),
  };
}
