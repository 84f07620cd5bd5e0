// An image of one's own: drawn, opened or dropped; and, of parts of images, which part is given.

import { asDrawn } from "./enlarged.js";
import { borderOf, centre, shrink, toNumbers } from "./fit.js";
import { MASKS } from "./masks.js";
import { pictureOf } from "./pixels.js";

const SIDE = 252; // of the canvas, about
const MOST_BYTES = 50e6;
const MOST_PIXELS = 1e8;
const MOST_SIDE = 1024; // what is larger is scaled down when it is read

/**
 * The sheet to draw on.
 *
 * take(image) is called with what the model should see, (height, width, channels) in [0, 1].
 * Of a model that is given images the sheet shows `state.given`, and the mask is painted on it.
 */
export function makeSketch(page, { shape, channels, isMasked, isGiven, examples }, take) {
  const { store, element, say } = page;
  const [height, width] = shape;
  const factor = Math.max(1, Math.floor(SIDE / Math.max(height, width)));
  const canvas = element("sketch");
  Object.assign(canvas, { width: width * factor, height: height * factor });
  canvas.style.aspectRatio = `${width} / ${height}`;
  const ink = new OffscreenCanvas(canvas.width, canvas.height);
  const context = ink.getContext("2d", { willReadFrequently: true });
  const { background = 0, extent = null } = examples ?? {};
  const inks = new WeakMap(); // of what was drawn, by `state.drawing`
  const ofBackground = `rgb(${Array(3)
    .fill(Math.round(255 * background))
    .join(" ")})`;
  let isEmpty = true;
  const tool = () => document.querySelector('[name="tool"]:checked').value;

  element("own-box").hidden = false;
  if (isGiven) element("own-title").textContent = isMasked ? "The given part" : "The given image";
  element("colour-box").hidden = channels === 1;
  element("colour").value = background < 0.5 ? "#ffffff" : "#000000";
  element("mask-tools").hidden = element("mask-box").hidden = !isMasked;
  clear();

  /** What the empty sheet is for. */
  function writeHint(visible) {
    visible.fillStyle = background < 0.35 ? "#b8b8b8" : background > 0.75 ? "#555" : "#000";
    visible.font = "15px system-ui, sans-serif";
    visible.textAlign = "center";
    visible.fillText("Draw here,", canvas.width / 2, canvas.height / 2 - 10);
    visible.fillText("or drop an image", canvas.width / 2, canvas.height / 2 + 12);
  }

  function clear() {
    isEmpty = true;
    context.fillStyle = ofBackground;
    context.fillRect(0, 0, ink.width, ink.height);
  }

  /** The sheet as numbers of the model's size. */
  function shrunken() {
    const image = context.getImageData(0, 0, ink.width, ink.height);
    const numbers = toNumbers(image, channels);
    const whole = { width: ink.width, height: ink.height, numbers };
    if (extent !== null && channels === 1 && !isGiven) {
      return centre(whole, width, height, { background, extent });
    }
    return shrink(whole, channels, width, height);
  }

  const finish = () => take(shrunken());

  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    stroke(last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    // what moved between two frames, so that quick curves stay round
    for (const part of event.getCoalescedEvents?.() ?? [event]) stroke(at(part));
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(kind, () => {
      if (!last) return;
      last = null;
      if (tool() === "draw" || !isMasked) finish();
      else store.commit();
    });
  }

  function at(event) {
    const box = canvas.getBoundingClientRect();
    const scale = ink.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  /** A line of ink from the last place, or a block of the mask. */
  function stroke(to) {
    if (isMasked && tool() !== "draw") {
      paintMask(to, tool() === "reveal");
      last = to;
      return;
    }
    isEmpty = false;
    context.strokeStyle =
      channels === 1 ? (background < 0.5 ? "#fff" : "#000") : element("colour").value;
    context.lineWidth = Math.max(factor * 1.5, ink.width / 12);
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...last);
    // a line of no length is not drawn, and a click must leave a dot
    context.lineTo(to[0], to[1] + 0.01);
    context.stroke();
    last = to;
    show(store.state);
  }

  /** Reveals or hides the pixels about a place. */
  function paintMask(place, isShown) {
    const { given } = store.state;
    const mask = given.mask.slice();
    const reach = Math.max(1, Math.round(width / 10));
    const [x, y] = place.map((number) => Math.floor(number / factor));
    for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++) {
      for (
        let column = Math.max(0, x - reach);
        column <= Math.min(width - 1, x + reach);
        column++
      ) {
        mask[row * width + column] = isShown ? 1 : 0;
      }
    }
    const shared = mask.reduce((sum, bit) => sum + bit, 0);
    if (shared === 0 || shared === mask.length) {
      say("Some pixels must be given, and some left to predict.");
      return;
    }
    store.change({ given: { ...given, mask } });
  }

  if (isMasked) {
    const select = element("mask");
    const first = store.state.given.mask;
    const masks = { "original part": () => first, ...MASKS };
    Object.keys(masks).forEach((name) => select.add(new Option(name, name)));
    select.onchange = () => {
      const mask = masks[select.value](height, width);
      store.commit({ given: { ...store.state.given, mask } });
    };
  }

  /** Puts an image on the sheet, cut to its form. */
  function put(image) {
    isEmpty = false;
    const scale = Math.max(ink.width / image.width, ink.height / image.height);
    const [across, down] = [image.width * scale, image.height * scale];
    // small images are enlarged as blocks, as the page shows them
    context.imageSmoothingEnabled = image.width > width;
    context.drawImage(image, (ink.width - across) / 2, (ink.height - down) / 2, across, down);
    context.imageSmoothingEnabled = true;
  }

  /** Turns light and dark where the border is of the other brightness than in training. */
  function invertIfNeeded() {
    if (channels !== 1) return;
    const image = context.getImageData(0, 0, ink.width, ink.height);
    const numbers = toNumbers(image, 1);
    const border = borderOf({ width: ink.width, height: ink.height, numbers });
    // a border of many greys tells no background
    if (!border.isEven || Math.abs(border.middle - background) < 0.5) return;
    // |white - colour| is the inverse
    context.globalCompositeOperation = "difference";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, ink.width, ink.height);
    context.globalCompositeOperation = "source-over";
  }

  async function open(file) {
    if (!file) return;
    if (file.size > MOST_BYTES) {
      say(
        `${file.name} is too large: ${Math.round(file.size / 1e6)} MB. Take an image below 50 MB.`,
      );
      return;
    }
    const [across, down] = await sizeOfPng(file);
    if (across * down > MOST_PIXELS) {
      const [x, y] = [across, down].map((side) => side.toLocaleString("en"));
      say(`${file.name} is too large: ${x} × ${y} pixels. Take one of a hundred million at most.`);
      return;
    }
    let image = null;
    try {
      image = await asDrawn(file, await createImageBitmap(file));
    } catch {
      say(
        `${file.name || "That"} is no image that this browser can read, or one too large for it.`,
      );
      return;
    }
    if (Math.max(image.width, image.height) > MOST_SIDE) {
      const scale = MOST_SIDE / Math.max(image.width, image.height);
      image = await createImageBitmap(image, {
        resizeWidth: Math.max(1, Math.round(image.width * scale)),
        resizeHeight: Math.max(1, Math.round(image.height * scale)),
        resizeQuality: "high",
      });
    }
    clear();
    put(image);
    invertIfNeeded();
    show(store.state);
    const isExact = image.width === width && image.height === height;
    if (isExact && !isGiven) take(exact());
    else finish();
    say(`${file.name || "The image"} was read.`);
  }

  /** The pixels of an image of the model's own size as they are. */
  function exact() {
    const { width: across, height: down } = ink;
    const numbers = toNumbers(context.getImageData(0, 0, across, down), channels);
    return shrink({ width: across, height: down, numbers }, channels, width, height);
  }

  element("file").onchange = ({ target }) => {
    open(target.files[0]);
    // else the same file could not be chosen again
    target.value = "";
  };
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) open(file);
    else say("What was dropped is no file. Drop an image from a folder.");
  });
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (file) open(file);
  });

  /** Shows numbers of the model's size on the sheet. */
  function load(numbers) {
    isEmpty = false;
    const small = new OffscreenCanvas(width, height);
    small.getContext("2d").putImageData(pictureOf(numbers, width, height, channels), 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, ink.width, ink.height);
    context.imageSmoothingEnabled = true;
  }

  let shown = null;

  /** Brings a given image, or a drawing, to the sheet, or empties it. */
  function restore(image) {
    if (image === null) clear();
    else if (inks.has(image)) {
      isEmpty = false;
      context.putImageData(inks.get(image), 0, 0);
    } else load(isGiven ? image : Float32Array.from(image, (level) => level / 255));
  }

  /** Draws the sheet; of a given image what is hidden in grey stripes. */
  function show(state) {
    const image = isGiven ? state.given.pixels : state.drawing;
    if (image !== shown) {
      shown = image;
      // while the pointer is down the sheet is ahead of the state
      if (!last) restore(image);
    }
    const visible = canvas.getContext("2d");
    visible.drawImage(ink, 0, 0);
    if (isEmpty) writeHint(visible);
    if (!isMasked) return;
    state.given.mask.forEach((bit, place) => {
      if (bit) return;
      const [column, row] = [place % width, Math.floor(place / width)];
      visible.fillStyle = (row + column) % 2 ? "#8a8a8a" : "#757575";
      visible.fillRect(column * factor, row * factor, factor, factor);
    });
  }

  return {
    show,
    clear,
    pixels: shrunken,
    /** What is drawn, as the sheet has it. */
    ink: () => context.getImageData(0, 0, ink.width, ink.height),
    /** Keeps what was drawn for undo; the sheet shows it already, or what was drawn since. */
    keep(image, drawn) {
      inks.set(image, drawn);
      shown = image;
    },
  };
}

/**
 * The size that the header of a PNG file announces; zeros of another file.
 *
 * A few bytes can stand for gigabytes of pixels in PNG alone of what browsers read.
 */
async function sizeOfPng(file) {
  const bytes = new DataView(await file.slice(0, 24).arrayBuffer());
  if (bytes.byteLength < 24 || bytes.getUint32(0) !== 0x89504e47) return [0, 0];
  return [bytes.getUint32(16), bytes.getUint32(20)];
}
