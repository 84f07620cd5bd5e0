// Runs a graph, as condvae/graph/graph.py does.

import { OPERATIONS } from "./operations.js";

/**
 * The outputs by name, {shape, data}.
 *
 * `tensors` are the weights by name, `inputs` values by name, all {shape, data}.
 */
export function runGraph(graph, tensors, inputs) {
  const values = { ...inputs };
  for (const operation of graph.operations) {
    const read = operation.inputs.map((name) => values[name]);
    values[operation.output] = OPERATIONS[operation.kind](operation, read, tensors);
  }
  return Object.fromEntries(
    Object.entries(graph.outputs).map(([name, value]) => [name, values[value]]),
  );
}

/** The outputs, and the milliseconds that they took: {outputs, milliseconds}. */
export function runTimed(graph, tensors, inputs) {
  const start = performance.now();
  const outputs = runGraph(graph, tensors, inputs);
  return { outputs, milliseconds: performance.now() - start };
}

/** The shapes of a graph's inputs, of one row, by name. */
export function inputShapes(graph) {
  return Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, shape]));
}
