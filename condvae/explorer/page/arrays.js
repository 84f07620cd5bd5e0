// Rows of numbers, one after the other.

/** Arrays of one length as one. */
export function joined(arrays) {
  const all = new Float32Array(arrays.length * arrays[0].length);
  arrays.forEach((array, place) => all.set(array, place * array.length));
  return all;
}

/** The same numbers, so many times. */
export function times(numbers, count) {
  const all = new Float32Array(numbers.length * count);
  for (let row = 0; row < count; row++) all.set(numbers, row * numbers.length);
  return all;
}

/** Row by row: the numbers of one of them. */
export function rowOf(numbers, size, row) {
  return numbers.subarray(row * size, (row + 1) * size);
}
