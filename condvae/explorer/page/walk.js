// A walk in a straight line between two places, conditions included.

import { rowOf } from "./arrays.js";
import { inWords } from "./condition.js";
import {
  framesAsGif,
  framesAsVideo,
  framesAsZip,
  suffixOf,
  thereAndBack,
  videoType,
} from "./record.js";

const FRAMES = 48;
const MILLISECONDS = 2500;
const FRAME_SECONDS = 0.05;

/** The walk of a page; returns what draws it. */
export function makeWalk(page) {
  const { content, store, engine, painter, parts, encode, element, say } = page;
  const [place, play] = [element("place"), element("play")];
  let playing = null;

  const here = ({ z, values }) => ({ z, values });
  element("from").onclick = () => store.commit({ from: here(store.state) });
  element("to").onclick = () => store.commit({ to: here(store.state) });

  /** The changes of the state on the way; what only one end is given is left to chance. */
  function at(share) {
    const { from, to } = store.state;
    const between = (a, b) => a.map((number, i) => number + share * (b[i] - number));
    const values = from.values.map((a, i) => (a && to.values[i] ? between(a, to.values[i]) : null));
    return { z: between(from.z, to.z), values: parts.length ? values : store.state.values };
  }

  place.oninput = () => store.change(at(Number(place.value)));
  place.onchange = () => store.commit();

  play.onclick = () => {
    if (playing !== null) return stop();
    const start = performance.now();
    // whoever wants no motion gets five still images
    const isReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const steps = isReduced ? 5 : Infinity;
    play.textContent = "Stop";
    const advance = (now) => {
      const share = Math.min(1, Math.max(0, now - start) / MILLISECONDS);
      const shown = steps === Infinity ? share : Math.floor(share * steps) / steps;
      place.value = shown;
      store.change(at(shown));
      if (share < 1) playing = requestAnimationFrame(advance);
      else stop();
    };
    playing = requestAnimationFrame(advance);
  };

  function stop() {
    cancelAnimationFrame(playing);
    playing = null;
    play.textContent = "Play";
    store.commit();
  }

  /** All frames of the walk, decoded: calls then(numbers) with them. */
  function decodeFrames(then) {
    const { state } = store;
    const z = new Float32Array(FRAMES * state.z.length);
    const given = encode(state);
    const y = new Float32Array(FRAMES * given.length);
    for (let row = 0; row < FRAMES; row++) {
      const changes = at(row / (FRAMES - 1));
      z.set(changes.z, row * state.z.length);
      y.set(encode({ ...state, ...changes }), row * given.length);
    }
    const numbers = new Float32Array(FRAMES * painter.size);
    let missing = FRAMES;
    engine.ask("walk", "decoder", { rows: FRAMES, z, y }, (first, { x_mean }, rows) => {
      for (let row = 0; row < rows; row++) {
        const image = rowOf(x_mean.data, painter.size, row);
        numbers.set(page.withGiven(state, image), (first + row) * painter.size);
      }
      missing -= rows;
      if (!missing) then(numbers);
    });
  }

  /** Makes a file of the frames and hands it over. */
  function save(kind, make) {
    const buttons = ["frames", "gif", "video"].map(element);
    for (const button of buttons) button.disabled = true;
    say(`Making the ${kind}…`);
    decodeFrames(async (numbers) => {
      try {
        const blob = await make(numbers);
        page.download(blob, `${content.name}-walk.${suffixOf(blob)}`);
        say(`The ${kind} of ${FRAMES} frames is saved.`);
      } catch {
        say(`This browser could not make the ${kind}.`);
      }
      draw(store.state);
    });
  }

  element("frames").onclick = () =>
    save("frames", (numbers) => framesAsZip(painter, numbers, FRAMES));
  element("gif").onclick = () =>
    save("animation", (numbers) => {
      const rows = thereAndBack(FRAMES);
      return framesAsGif(
        painter,
        numbers,
        rows,
        rows.map(() => FRAME_SECONDS),
      );
    });
  element("video").onclick = () =>
    save("video", async (numbers) => {
      const blob = await framesAsVideo(painter, numbers, thereAndBack(FRAMES), (row) => {
        place.value = row / (FRAMES - 1);
        painter.paint(element("image"), numbers, row);
      });
      // the image shows the first frame, and so does all else from now on
      store.commit(at(0));
      return blob;
    });

  function draw({ from, to }) {
    const isReady = Boolean(from && to);
    const others = ["frames", "gif"].map(element);
    for (const control of [place, play, ...others]) control.disabled = !isReady;
    element("video").disabled = !isReady || !videoType();
    element("walk-words").textContent = isReady
      ? `${wordsOf(from, to)}, ${FRAMES} frames.`
      : from
        ? `It starts at ${placeInWords(from)}; now set where it ends.`
        : "Set where the walk starts and where it ends.";
  }

  /** "From digit 0 to digit 9, same style". */
  function wordsOf(from, to) {
    const [first, last] = [from, to].map(({ values }) => inWords(parts, values));
    const isOneStyle = from.z.every((number, axis) => number === to.z[axis]);
    const styles = isOneStyle ? "same style" : "from one style to another";
    if (!parts.length) return isOneStyle ? "Same style" : "From one style to another";
    return first === last ? `${first}, ${styles}` : `From ${first} to ${last}, ${styles}`;
  }

  const placeInWords = ({ z, values }) =>
    `${parts.length ? `${inWords(parts, values)}, ` : ""}z = (${z
      .slice(0, 3)
      .map((n) => n.toFixed(1).replace("-", "−"))
      .join(", ")}${z.length > 3 ? ", …" : ""})`;
  return draw;
}
