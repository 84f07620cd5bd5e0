// From a drawing or a photograph to what the model was trained on.

const LUMA = [0.299, 0.587, 0.114]; // of ITU-R BT.601, as Pillow's

/** Part of an image, {width, height, data of RGBA}, as numbers of `channels` in [0, 1]. */
export function toNumbers({ data }, channels) {
  const numbers = new Float32Array((data.length / 4) * channels);
  for (let place = 0; place * 4 < data.length; place++) {
    const [red, green, blue] = data.subarray(place * 4, place * 4 + 3);
    if (channels === 1) numbers[place] = (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue) / 255;
    else numbers.set([red / 255, green / 255, blue / 255], place * 3);
  }
  return numbers;
}

/** The mean colour of each pixel's area: an image scaled down without losing thin strokes. */
export function shrink(image, channels, width, height, area) {
  const { left, top, across, down } = area ?? {
    left: 0,
    top: 0,
    across: image.width,
    down: image.height,
  };
  const result = new Float32Array(width * height * channels);
  for (let row = 0; row < height; row++) {
    const lines = overlaps(top + (row * down) / height, top + ((row + 1) * down) / height);
    for (let column = 0; column < width; column++) {
      const [from, to] = [left + (column * across) / width, left + ((column + 1) * across) / width];
      const columns = overlaps(from, to);
      const place = (row * width + column) * channels;
      let total = 0;
      for (const [y, ofLine] of lines) {
        for (const [x, ofColumn] of columns) {
          if (x < 0 || y < 0 || x >= image.width || y >= image.height) continue;
          const share = ofLine * ofColumn;
          total += share;
          const source = (y * image.width + x) * channels;
          for (let c = 0; c < channels; c++) result[place + c] += share * image.numbers[source + c];
        }
      }
      // by what lay inside: an edge gets no darker
      for (let c = 0; c < channels; c++) result[place + c] /= total || 1;
    }
  }
  return result;
}

/** An image of one shape, (height, width, channels), in another one. */
export function resized(numbers, from, to) {
  const [height, width, channels] = from;
  const [tall, wide, colours] = to;
  if (from.every((size, axis) => size === to[axis])) return numbers;
  const image = shrink({ width, height, numbers }, channels, wide, tall);
  if (channels === colours) return image;
  const [red, green, blue] = LUMA;
  const pixel = (place) => image.subarray(place * channels, (place + 1) * channels);
  const grey = Float32Array.from({ length: wide * tall }, (_, place) => {
    const levels = pixel(place);
    return channels === 1 ? levels[0] : red * levels[0] + green * levels[1] + blue * levels[2];
  });
  if (colours === 1) return grey;
  return Float32Array.from({ length: 3 * grey.length }, (_, i) => grey[Math.floor(i / 3)]);
}

/** The whole numbers whose unit intervals meet one, with how much of them does. */
function overlaps(from, to) {
  const found = [];
  for (let i = Math.floor(from); i < to; i++) {
    found.push([i, Math.min(to, i + 1) - Math.max(from, i)]);
  }
  return found;
}

/**
 * What was drawn, scaled and centred as the training images were.
 *
 * `image` is {width, height, numbers} of one channel; `extent` the longer side that what stands
 * before the background has in them, in pixels. The centre is that of its mass, as in MNIST.
 */
export function centre(image, width, height, { background, extent }) {
  const box = boxOf(image, background);
  if (!box) return shrink(image, 1, width, height);
  // the form stays, and the longer side becomes the extent
  const longer = Math.max(box.across, box.down);
  const across = Math.max(1, Math.round((extent * box.across) / longer));
  const down = Math.max(1, Math.round((extent * box.down) / longer));
  const small = shrink(image, 1, across, down, box);
  let [mass, x, y] = [0, 0, 0];
  small.forEach((number, place) => {
    const weight = Math.abs(number - background);
    mass += weight;
    x += weight * (place % across);
    y += weight * Math.floor(place / across);
  });
  const shift = (room, size, middle) =>
    Math.min(Math.max(Math.round((room - 1) / 2 - middle), 0), Math.max(room - size, 0));
  const [left, top] = [shift(width, across, x / mass), shift(height, down, y / mass)];
  const result = new Float32Array(width * height).fill(background);
  for (let row = 0; row < Math.min(down, height); row++) {
    const line = small.subarray(row * across, row * across + Math.min(across, width));
    result.set(line, (top + row) * width + left);
  }
  return result;
}

/** The least box around what differs from the background; null where nothing does. */
function boxOf({ width, height, numbers }, background) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  numbers.forEach((number, place) => {
    // noise of a photograph is no ink
    if (Math.abs(number - background) <= 0.1) return;
    const [x, y] = [place % width, Math.floor(place / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  });
  return right < 0 ? null : { left, top, across: right - left + 1, down: bottom - top + 1 };
}

/** The middle of the border's brightness, and whether the border is of one. */
export function borderOf({ width, height, numbers }) {
  const found = [];
  numbers.forEach((number, place) => {
    const [x, y] = [place % width, Math.floor(place / width)];
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) found.push(number);
  });
  found.sort((a, b) => a - b);
  const at = (share) => found[Math.floor(share * (found.length - 1))];
  return { middle: at(0.5), isEven: at(0.9) - at(0.1) < 0.15 };
}
