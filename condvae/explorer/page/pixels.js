// From the model's numbers to pixels on a canvas.

import { colourOf } from "./colours.js";

/** What paints images of a model. */
export function makePainter({ image_shape, pixel_range: [low, high], pixel_classes }) {
  const [height, width, channels] = image_shape;
  const size = height * width * channels;
  const scale = 255 / (high - low);
  const level = (number) => (number - low) * scale;
  const colours = pixel_classes?.map((_, code) => colourOf(code));

  const green = channels === 3 ? 1 : 0;

  /**
   * Puts the first, or another, of images into a picture, its corner at a place.
   *
   * A Uint8ClampedArray rounds and keeps to 0..255.
   */
  function put(picture, numbers, row = 0, left = 0, top = 0) {
    const { data } = picture;
    let from = row * size;
    for (let line = top; line < top + height; line++) {
      let to = 4 * (line * picture.width + left);
      for (const end = to + 4 * width; to < end; to += 4, from += channels) {
        if (colours) mix(numbers, from, colours, data, to);
        else {
          data[to] = level(numbers[from]);
          data[to + 1] = level(numbers[from + green]);
          data[to + 2] = level(numbers[from + 2 * green]);
        }
        data[to + 3] = 255;
      }
    }
  }

  /** Draws an image on a canvas of its size. */
  function paint(canvas, numbers, row = 0) {
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
    }
    const picture = new ImageData(width, height);
    put(picture, numbers, row);
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  return { width, height, channels, size, colours, put, paint };
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
