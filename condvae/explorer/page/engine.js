// Runs graphs: in the page what is quick, in workers what would make it stutter.

import { times } from "./arrays.js";
import { runGraph, inputShapes } from "./graph.js";
import { ROWS } from "./tile.js";

const MOST_WORKERS = 4;
const PATIENCE = 50; // milliseconds until a part of a request is shown
const WARM_UP = 60; // milliseconds in which the compiler of the browser gets to know the loops

/**
 * The engine of a page.
 *
 * `run` answers at once. `ask` answers later: take(first, outputs, rows) is called for some rows
 * at a time. Of the requests in one slot the running one is finished, and of those that wait only
 * the last is kept, so that a drag that is faster than the model shows what it can.
 */
export function makeEngine(content, workerText) {
  const { graphs, tensors, worker_above: limit, latent_dim } = content;
  const shapes = Object.fromEntries(
    Object.entries(graphs).map(([name, graph]) => [name, inputShapes(graph)]),
  );
  const perRow = {};
  const slots = new Map();
  let lanes = null;

  function run(name, inputs) {
    const rows = rowsOf(inputs);
    const start = performance.now();
    const outputs = runGraph(graphs[name], tensors, valuesOf(shapes[name], inputs, rows));
    const milliseconds = (performance.now() - start) / rows;
    // the least that was seen lately: what else the machine did is not the model's; fewer rows
    // may cost what a tile of them does
    if (rows >= ROWS) perRow[name] = Math.min(milliseconds, (perRow[name] ?? Infinity) * 1.05);
    return outputs;
  }

  function ask(slot, name, inputs, take) {
    const rows = rowsOf(inputs);
    if (rows * cost(name) <= limit && !slots.has(slot)) {
      take(0, run(name, inputs), rows);
      return;
    }
    const task = { slot, name, inputs, rows, take, next: 0, open: 0 };
    const running = slots.get(slot);
    if (running) running.waiting = task;
    else slots.set(slot, task);
    lanes ??= makeLanes(workerText, { graphs, tensors });
    pump();
  }

  /** Milliseconds of a row; of a graph that has not run yet those of the decoder. */
  function cost(name) {
    return perRow[name] ?? perRow.decoder;
  }

  /** Gives each free lane some rows of a task. */
  function pump() {
    for (const lane of lanes) {
      const task = [...slots.values()].find(({ next, rows }) => next < rows);
      if (!task) return;
      if (lane.busy) continue;
      const first = task.next;
      const quick = Math.max(1, Math.floor(PATIENCE / cost(task.name)));
      const count = Math.min(quick, Math.ceil(task.rows / lanes.length), task.rows - first);
      task.next += count;
      task.open += 1;
      const part = slice(task.inputs, first, count, shapes[task.name]);
      lane.run(task.name, valuesOf(shapes[task.name], part, count), (outputs) => {
        task.open -= 1;
        task.take(first, outputs, count);
        if (task.next >= task.rows && !task.open) finish(task);
        pump();
      });
    }
  }

  /** The next request of a slot takes the place of one that is done. */
  function finish(task) {
    if (task.waiting) slots.set(task.slot, task.waiting);
    else slots.delete(task.slot);
  }

  const engine = { run, ask, cost, has: (name) => name in graphs, shapes };
  const y = new Float32Array(size(shapes.decoder.y));
  const end = performance.now() + WARM_UP;
  do {
    run("decoder", { rows: ROWS, z: new Float32Array(ROWS * latent_dim).fill(0.1), y });
  } while (performance.now() < end);
  return engine;
}

/** Lanes of computation: workers, or, where the browser forbids them, the page between frames. */
function makeLanes(workerText, model) {
  const url = URL.createObjectURL(new Blob([workerText], { type: "text/javascript" }));
  const count = Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 2);
  return Array.from({ length: count }, () => makeLane(url, model));
}

/** A lane: run(name, values, then) while it is not busy. */
function makeLane(url, model) {
  const inPage = ({ name, values, then }) =>
    setTimeout(() => then(runGraph(model.graphs[name], model.tensors, values)));
  let job = null;
  let send = inPage;
  try {
    const worker = new Worker(url);
    worker.onmessage = ({ data }) => job.then(data);
    worker.onerror = () => {
      send = inPage;
      if (job) send(job);
    };
    worker.postMessage({ model });
    send = ({ name, values }) => worker.postMessage({ name, values });
  } catch {
    // then the page itself does it
  }
  const lane = {
    busy: false,
    run(name, values, take) {
      lane.busy = true;
      job = {
        name,
        values,
        then(outputs) {
          job = null;
          lane.busy = false;
          take(outputs);
        },
      };
      send(job);
    },
  };
  return lane;
}

/** How many numbers a shape has. */
const size = (shape) => shape.reduce((a, b) => a * b, 1);

/** The rows of inputs, {name: numbers}: all have as many, y may have one for all. */
function rowsOf(inputs) {
  return inputs.rows ?? 1;
}

/** Numbers as values of a graph; what it does not read is left out, one row serves all. */
function valuesOf(shapes, inputs, rows) {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const numbers = inputs[name];
      const data = numbers.length === size(shape) * rows ? numbers : times(numbers, rows);
      return [name, { shape: [rows, ...shape], data }];
    }),
  );
}

/** Some rows of inputs; what has one row for all stays. */
function slice(inputs, first, count, shapes) {
  const part = { rows: count };
  for (const [name, shape] of Object.entries(shapes)) {
    const numbers = inputs[name];
    const one = size(shape);
    part[name] =
      numbers.length === one ? numbers : numbers.slice(first * one, (first + count) * one);
  }
  return part;
}
