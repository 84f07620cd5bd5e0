// What is given of an image, or as an image: {pixels, mask}, and y as the networks see it.

/** The image that is given at first: the first of the data, or an empty one. */
export function firstGiven({ condition, arrays }) {
  const [height, width, channels] = condition.image_shape;
  const size = height * width * channels;
  const pixels = Float32Array.from(
    arrays.examples?.data.subarray(0, size) ?? new Float32Array(size),
    (level) => level / 255,
  );
  const mask = arrays.mask?.data ?? new Uint8Array(height * width).fill(1);
  if (!arrays.mask && condition.is_part) mask.fill(0, (height >> 1) * width);
  return { pixels, mask };
}

/** The given pixels, the missing ones blank, and the mask as last channel. */
export function withMask({ pixels, mask }) {
  const channels = pixels.length / mask.length;
  const y = new Float32Array(mask.length * (channels + 1));
  mask.forEach((bit, place) => {
    if (!bit) return;
    const pixel = pixels.subarray(place * channels, (place + 1) * channels);
    y.set([...pixel, 1], place * (channels + 1));
  });
  return y;
}

/** An image of the model with the given pixels as they are. */
export function completed({ pixels, mask }, numbers) {
  const channels = pixels.length / mask.length;
  return numbers.map((number, i) => (mask[Math.floor(i / channels)] ? pixels[i] : number));
}
