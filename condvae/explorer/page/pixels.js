// From the model's numbers to pixels on a canvas.

import { colourOf } from "./colours.js";

/** What paints images of a model. */
export function makePainter({ image_shape, pixel_range: [low, high], pixel_classes }) {
  const [height, width, channels] = image_shape;
  const size = height * width * channels;
  const scale = 255 / (high - low);
  const level = (number) => (number - low) * scale;
  const colours = pixel_classes?.map((_, code) => colourOf(code));

  /** The first, or another, of images as RGBA; a Uint8ClampedArray rounds and keeps to 0..255. */
  function toImage(numbers, row = 0, image = new ImageData(width, height)) {
    const { data } = image;
    const first = row * size;
    for (let place = 0; place < height * width; place++) {
      const from = first + place * channels;
      const to = place * 4;
      if (colours) mix(numbers, from, colours, data, to);
      else {
        for (let c = 0; c < 3; c++) data[to + c] = level(numbers[from + (channels === 3 ? c : 0)]);
      }
      data[to + 3] = 255;
    }
    return image;
  }

  /** Draws an image on a canvas of its size. */
  function paint(canvas, numbers, row = 0) {
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
    }
    canvas.getContext("2d").putImageData(toImage(numbers, row), 0, 0);
  }

  return { width, height, channels, size, colours, toImage, paint };
}

/** Colours of classes, mixed as probable as they are. */
function mix(numbers, from, colours, data, to) {
  for (let c = 0; c < 3; c++) {
    data[to + c] = colours.reduce((sum, colour, code) => sum + numbers[from + code] * colour[c], 0);
  }
}

/** Numbers in [0, 1] of one channel or three as a picture. */
export function pictureOf(numbers, width, height, channels) {
  const image = new ImageData(width, height);
  for (let place = 0; place < width * height; place++) {
    for (let c = 0; c < 3; c++) {
      image.data[place * 4 + c] = 255 * numbers[place * channels + (channels === 3 ? c : 0)];
    }
    image.data[place * 4 + 3] = 255;
  }
  return image;
}

/** Numbers in [0, 1] as a picture whose light is their amount: how far samples differ. */
export function paintAmounts(canvas, amounts, width, height) {
  const most = amounts.reduce((a, b) => Math.max(a, b), 1e-6);
  const image = new ImageData(width, height);
  amounts.forEach((amount, place) => {
    const share = amount / most;
    image.data.set([255 * Math.min(1, 2 * share), 255 * share ** 2, 90 * share, 255], place * 4);
  });
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(image, 0, 0);
}
