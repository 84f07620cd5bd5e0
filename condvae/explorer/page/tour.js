// A walk through a list of labels in one style: played, saved as a GIF, recorded as a video.

import { rowOf } from "./arrays.js";
import { leadingPart } from "./condition.js";
import { framesAsGif, framesAsVideo, suffixOf, videoType } from "./record.js";
import { oneOf, withValue } from "./values.js";

const STEPS = 7; // frames from a label to the next one
const STILL = 0.5; // seconds at a label
const MOVING = 0.05; // seconds of a frame between two
const VIDEO_RATE = 24; // frames a second
const MOST_FRAMES = 400;
const FIRST = 12; // labels that the list holds at first

/** The tour of a page, in a section of its own behind that of the walk. */
export function makeTour(page) {
  const { store, parts, element } = page;
  const leading = leadingPart(parts);
  const part = parts[leading];
  if (!part || part.size < 2) return () => {};
  const { list, play, save, record } = addSection(element("walk-box"), part);
  let playing = null;

  /** The places of the labels that the field names; null after saying which it does not know. */
  function codes() {
    const names = list.value.split(",").map((name) => name.trim());
    const found = names.filter(Boolean).map((name) => part.categories.indexOf(name));
    const unknown = names.filter(Boolean)[found.indexOf(-1)];
    list.toggleAttribute("aria-invalid", found.length < 2 || unknown !== undefined);
    if (unknown !== undefined) page.say(`No ${part.name} is called ${unknown}.`);
    else if (found.length < 2) page.say("Name two labels or more, with commas between them.");
    else if (found.length * STEPS > MOST_FRAMES) {
      page.say(`Name ${Math.floor(MOST_FRAMES / STEPS)} labels at most.`);
    } else return found;
    return null;
  }

  /** The changes of the state between two labels; under a prior that knows y, z follows. */
  function at(state, [from, to], share) {
    const weights = oneOf(part.size, from).map((number) => number * (1 - share));
    weights[to] += share;
    const values = withValue(state.values, leading, weights);
    if (!state.noise) return { values, z: state.z };
    return { values, z: [...page.prior.take({ ...state, values }, state.noise).z] };
  }

  /** Every frame of the tour, which ends before its first label: {changes, seconds, caption}. */
  function framesOf(state, labels) {
    return labels.flatMap((from, place) => {
      const to = labels[(place + 1) % labels.length];
      return Array.from({ length: STEPS }, (_, step) => ({
        changes: at(state, [from, to], step / STEPS),
        seconds: step ? MOVING : STILL,
        caption: part.categories[2 * step > STEPS ? to : from],
      }));
    });
  }

  play.onclick = () => {
    if (playing !== null) return stop();
    const labels = codes();
    if (!labels) return;
    const frames = framesOf(store.state, labels);
    play.textContent = "Stop";
    const isReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    // whoever wants no motion sees the labels one after the other
    const shown = isReduced ? frames.filter(({ seconds }) => seconds === STILL) : frames;
    const advance = (place) => {
      if (place === shown.length) return stop(shown[0].changes);
      store.change(shown[place].changes);
      playing = setTimeout(advance, 1000 * shown[place].seconds, place + 1);
    };
    advance(0);
  };

  function stop(changes = null) {
    clearTimeout(playing);
    playing = null;
    play.textContent = "Play";
    store.commit(changes);
  }

  /** Makes a file of the frames, decoded, and hands it over. */
  function make(kind, toBlob) {
    const labels = codes();
    if (!labels) return;
    const frames = framesOf(store.state, labels);
    for (const button of [save, record]) button.disabled = true;
    page.say(`Making the ${kind}…`);
    decode(page, store.state, frames, async (numbers) => {
      try {
        const blob = await toBlob(numbers, frames);
        page.download(blob, `${page.content.name}-labels.${suffixOf(blob)}`);
        page.say(`The ${kind} of ${labels.length} labels is saved.`);
      } catch {
        page.say(`This browser could not make the ${kind}.`);
      }
      save.disabled = false;
      record.disabled = !videoType();
    });
  }

  const captionsOf = (frames) => frames.map(({ caption }) => caption);
  save.onclick = () =>
    make("animation", (numbers, frames) =>
      framesAsGif(
        page.painter,
        numbers,
        [...frames.keys()],
        frames.map(({ seconds }) => seconds),
        captionsOf(frames),
      ),
    );
  record.onclick = () =>
    make("video", (numbers, frames) => {
      const rows = frames.flatMap(({ seconds }, row) =>
        Array(Math.max(1, Math.round(seconds * VIDEO_RATE))).fill(row),
      );
      return framesAsVideo(page.painter, numbers, rows, () => {}, captionsOf(frames));
    });
  record.disabled = !videoType();
  return () => {};
}

/** Decodes frames: calls then(numbers) with all of them. */
function decode({ engine, painter, encode }, state, frames, then) {
  const rows = frames.length;
  const y = frames.map(({ changes }) => encode({ ...state, ...changes }));
  const inputs = {
    rows,
    z: Float32Array.from(frames.flatMap(({ changes }) => changes.z)),
    y: Float32Array.from(y.flatMap((one) => [...one])),
  };
  const numbers = new Float32Array(rows * painter.size);
  let missing = rows;
  engine.ask("tour", "decoder", inputs, (first, { x_mean }, count) => {
    for (let row = 0; row < count; row++) {
      numbers.set(rowOf(x_mean.data, painter.size, row), (first + row) * painter.size);
    }
    missing -= count;
    if (!missing) then(numbers);
  });
}

/** The section: the list of labels, and the buttons. */
function addSection(before, part) {
  const section = document.createElement("section");
  section.id = "tour-box";
  const title = document.createElement("h2");
  title.textContent = `From one ${part.name} to the next`;
  title.id = "tour-title";
  section.setAttribute("aria-labelledby", title.id);
  const label = document.createElement("label");
  label.className = "field";
  const list = document.createElement("input");
  Object.assign(list, { type: "text", id: "tour-list", autocomplete: "off", spellcheck: false });
  list.value = part.categories.slice(0, FIRST).join(", ");
  label.append("in this order", list);
  const tools = document.createElement("div");
  tools.className = "tools";
  const [play, save, record] = ["Play", "Save GIF", "Record video"].map((words) => {
    const button = document.createElement("button");
    button.textContent = words;
    button.id = `tour-${words.split(" ").at(-1).toLowerCase()}`;
    tools.append(button);
    return button;
  });
  section.append(title, label, tools);
  before.after(section);
  return { list, play, save, record };
}
