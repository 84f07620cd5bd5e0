// Runs graphs: in the page what is quick, in workers what would make it stutter.

import { times } from "./arrays.js";
import { inputShapes, runTimed } from "./graph.js";
import { makeLanes } from "./lanes.js";
import { ROWS } from "./tile.js";

const BATCH = 2; // times as long as one row may many take, which leaves time for 30 frames a second
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
    const values = valuesOf(shapes[name], inputs, rows);
    const { outputs, milliseconds } = runTimed(graphs[name], tensors, values);
    note(name, milliseconds, rows);
    return outputs;
  }

  /** Remembers what a row costs: the least seen lately, as the machine does other things, too. */
  function note(name, milliseconds, rows) {
    if (rows < ROWS) return; // they may cost as much as a tile of them
    perRow[name] = Math.min(milliseconds / rows, (perRow[name] ?? Infinity) * 1.05);
  }

  function ask(slot, name, inputs, take) {
    const rows = rowsOf(inputs);
    if (cost(name) <= limit && rows * cost(name) <= BATCH * limit) {
      slots.delete(slot); // what workers still do for it is too old
      take(0, run(name, inputs), rows);
      return;
    }
    const task = { slot, name, inputs, rows, take, next: 0, open: 0 };
    const running = slots.get(slot);
    // the one that waited is dropped: its place is the latest request's
    if (running) running.waiting = task;
    else slots.set(slot, task);
    // made at the first need: a small model never starts a worker
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
      // no more than a lane's share, so that all lanes work on one request
      const count = Math.min(quick, Math.ceil(task.rows / lanes.length), task.rows - first);
      task.next += count;
      task.open += 1;
      const part = slice(task.inputs, first, count, shapes[task.name]);
      lane.run(task.name, valuesOf(shapes[task.name], part, count), (outputs, milliseconds) => {
        note(task.name, milliseconds, count);
        task.open -= 1;
        // else a later request has taken the slot
        if (slots.get(task.slot) === task) {
          task.take(first, outputs, count);
          if (task.next >= task.rows && !task.open) finish(task);
        }
        pump();
      });
    }
  }

  /** The next request of a slot takes the place of one that is done. */
  function finish(task) {
    if (task.waiting) slots.set(task.slot, task.waiting);
    else slots.delete(task.slot);
  }

  const engine = {
    run,
    ask,
    cost,
    has: (name) => name in graphs,
    shapes,
    /** Whether all that was asked is answered. */
    isIdle: () => slots.size === 0,
  };
  const y = new Float32Array(size(shapes.decoder.y));
  // until the browser has compiled the loops a row costs far more, and would go to the workers
  const end = performance.now() + WARM_UP;
  do {
    run("decoder", { rows: ROWS, z: new Float32Array(ROWS * latent_dim).fill(0.1), y });
  } while (performance.now() < end);
  return engine;
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
      // y may be one row for all
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
