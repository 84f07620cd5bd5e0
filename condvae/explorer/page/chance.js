// Numbers of chance that a seed repeats, so that what is drawn changes with what is given alone.

/** Uniform numbers between 0 and 1 of a seed, one after the other. Source: sfc32, Doty-Humphrey. */
export function uniforms(seed) {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88, 1];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return ((sum >>> 0) + 0.5) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next(); // until the seed has reached all of it
  return next;
}

/** Standard normal numbers of uniform ones. Source: Box & Muller 1958. */
export function normals(count, uniform) {
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  });
}
