// The innermost loop of a product as a WebAssembly module of one function, written out by opcode:
// browsers give vectors to WebAssembly alone.
//
// tile(x, out, panel) writes x · kernel + bias. It takes addresses, in bytes, of float32 numbers:
//   x      inputs of ROWS rows, input by input, (inputs, ROWS); `out` is where they end
//   out    the product, (ROWS, COLUMNS)
//   panel  a bias and as many rows of a kernel as there are inputs, (1 + inputs, COLUMNS)

export const ROWS = 4;
export const COLUMNS = 8;
const LANES = 4; // float32 numbers of a vector
const BYTES = 4;

// Source of the codes: WebAssembly Core Specification 2.0, chapter 5, Binary Format.
const [I32, V128, FUNCTION, EMPTY] = [0x7f, 0x7b, 0x60, 0x40];
const SECTION = { types: 1, functions: 3, memories: 5, exports: 7, code: 10 };
const [LOOP, END, BRANCH_IF, GET, SET] = [0x03, 0x0b, 0x0d, 0x20, 0x21];
const [CONSTANT, LESS, ADD] = [0x41, 0x49, 0x6a];
const [LOAD, SPLAT, STORE, ADD_VECTORS, MULTIPLY_VECTORS] = [
  [0xfd, 0x00],
  [0xfd, 0x09],
  [0xfd, 0x0b],
  [0xfd, 0xe4, 0x01],
  [0xfd, 0xe6, 0x01],
];
const ALIGNMENT = 2; // of addresses, as a power of two

// Locals: the parameters, one input of one row in all lanes, a row of the panel, the sums.
const [X, OUT, PANEL, INPUT] = [0, 1, 2, 3];
const VECTORS = [...Array(COLUMNS / LANES).keys()];
const EACH_ROW = [...Array(ROWS).keys()];
const kernelAt = (vector) => INPUT + 1 + vector;
const sumAt = (row, vector) => kernelAt(VECTORS.length) + row * VECTORS.length + vector;
// 4 rows and 8 columns: 11 vectors, which fit into the 16 registers of x86
const NUM_VECTORS = 1 + VECTORS.length * (1 + ROWS);

/** An unsigned number as the format has it, seven bits a byte. */
const number = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...number(n >> 7)]);

/** What begins with its length. */
const counted = (bytes) => [...number(bytes.length), ...bytes];

const section = (id, ...bytes) => [id, ...counted(bytes.flat(2))];
const named = (name) => counted([...name].map((character) => character.charCodeAt(0)));
const loadVector = (local, address, offset) => [
  ...[GET, address, ...LOAD, ALIGNMENT, offset * BYTES],
  ...[SET, local],
];
const advance = (address, numbers) => [
  ...[GET, address, CONSTANT, numbers * BYTES, ADD],
  ...[SET, address],
];

/** sum += input * kernel */
const addProduct = (row, vector) => [
  ...[GET, INPUT, GET, kernelAt(vector), ...MULTIPLY_VECTORS],
  ...[GET, sumAt(row, vector), ...ADD_VECTORS, SET, sumAt(row, vector)],
];

const BODY = [
  ...EACH_ROW.flatMap((row) =>
    VECTORS.flatMap((vector) => loadVector(sumAt(row, vector), PANEL, vector * LANES)),
  ),
  ...[LOOP, EMPTY],
  // past the bias, or the kernel's row before
  ...advance(PANEL, COLUMNS),
  ...VECTORS.flatMap((vector) => loadVector(kernelAt(vector), PANEL, vector * LANES)),
  ...EACH_ROW.flatMap((row) => [
    ...[GET, X, ...SPLAT, ALIGNMENT, row * BYTES, SET, INPUT],
    ...VECTORS.flatMap((vector) => addProduct(row, vector)),
  ]),
  ...advance(X, ROWS),
  // again while x < out: the inputs end where the product begins
  ...[GET, X, GET, OUT, LESS, BRANCH_IF, 0, END],
  ...EACH_ROW.flatMap((row) =>
    VECTORS.flatMap((vector) => [
      ...[GET, OUT, GET, sumAt(row, vector)],
      ...[...STORE, ALIGNMENT, (row * COLUMNS + vector * LANES) * BYTES],
    ]),
  ),
  END,
];

const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
  // three addresses in, nothing out
  ...section(SECTION.types, 1, FUNCTION, counted([I32, I32, I32]), 0),
  ...section(SECTION.functions, 1, 0),
  ...section(SECTION.memories, 1, 0, 0), // without a limit, empty at first
  ...section(SECTION.exports, 2, named("tile"), 0, 0, named("memory"), 2, 0),
  // one group of locals: NUM_VECTORS vectors
  ...section(SECTION.code, 1, counted([1, NUM_VECTORS, V128, ...BODY])),
]);

/** The function and its memory, {tile, memory}; null where the browser has no vectors. */
export function makeTile() {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(MODULE)).exports;
  } catch {
    return null;
  }
}
