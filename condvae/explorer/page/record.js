// A walk as files: PNG frames in an archive, a GIF, or a video by the browser's own recorder.

import { blobOf, withScale } from "./enlarged.js";
import { gif } from "./gif.js";
import { zip } from "./zip.js";

const SIDE = 448;
const GIF_SIDE = 336; // a larger one is sent by nobody
const CAPTION = 36; // pixels, the height of its line
const RATE = 24; // frames a second

/**
 * A canvas on which images of a painter are as large as whole pixels allow.
 *
 * `side` is the most pixels of an image's longer side; `captions` of the rows are written below.
 */
function stage(painter, { side = SIDE, captions = null } = {}) {
  const factor = Math.max(1, Math.floor(side / Math.max(painter.width, painter.height)));
  const [width, height] = [painter.width * factor, painter.height * factor];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height: height + (captions ? CAPTION : 0) });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = false;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `${CAPTION * 0.6}px system-ui, sans-serif`;
  const small = document.createElement("canvas");
  return {
    canvas,
    factor,
    context,
    show(numbers, row) {
      painter.paint(small, numbers, row);
      context.drawImage(small, 0, 0, width, height);
      if (!captions) return;
      context.fillStyle = "#ffffff";
      context.fillRect(0, height, width, CAPTION);
      context.fillStyle = "#1c1c1c"; // a grey: of grey images a GIF then keeps every level
      context.fillText(captions[row], width / 2, height + CAPTION / 2, width - 8);
    },
  };
}

/** The frames as an archive of PNG files. */
export async function framesAsZip(painter, numbers, count) {
  const { canvas, factor, show } = stage(painter);
  const files = [];
  for (let row = 0; row < count; row++) {
    show(numbers, row);
    const blob = withScale(await blobOf(canvas), factor, painter);
    const name = `frame-${String(row + 1).padStart(3, "0")}.png`;
    files.push([name, new Uint8Array(await blob.arrayBuffer())]);
  }
  return zip(files);
}

/** The kinds of video that the browser records, the first that it knows. */
export function videoType() {
  if (!globalThis.MediaRecorder || !HTMLCanvasElement.prototype.captureStream) return null;
  const types = ["video/webm;codecs=vp9", "video/webm", "video/mp4"];
  return types.find((type) => MediaRecorder.isTypeSupported(type)) ?? null;
}

/** Places there and back. */
export function thereAndBack(count) {
  const rows = [...Array(count).keys()];
  return [...rows, ...rows.reverse()];
}

/**
 * Frames as an animation that repeats.
 *
 * `rows` are the images in the order in which they are shown, `seconds` how long each of them is.
 */
export async function framesAsGif(painter, numbers, rows, seconds, captions = null) {
  const { canvas, context, show } = stage(painter, { side: GIF_SIDE, captions });
  const frames = rows.map((row) => {
    show(numbers, row);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  });
  return gif(
    frames,
    seconds.map((time) => Math.round(100 * time)),
  );
}

/**
 * Frames as a video; shown(row) is called with each of them.
 *
 * `rows` are the images in the order in which they are shown, one that stands still repeated.
 */
export async function framesAsVideo(painter, numbers, rows, shown, captions = null) {
  const { canvas, show } = stage(painter, { captions });
  show(numbers, rows[0]);
  const stream = canvas.captureStream(RATE);
  const recorder = new MediaRecorder(stream, { mimeType: videoType(), videoBitsPerSecond: 4e6 });
  const chunks = [];
  recorder.ondataavailable = ({ data }) => chunks.push(data);
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (const row of rows) {
    show(numbers, row);
    shown(row);
    await new Promise((resolve) => setTimeout(resolve, 1000 / RATE));
  }
  recorder.stop();
  await stopped;
  return new Blob(chunks, { type: recorder.mimeType });
}

/** How the name of a file ends. */
export function suffixOf({ type }) {
  return ["zip", "gif", "mp4"].find((name) => type.includes(name)) ?? "webm";
}
