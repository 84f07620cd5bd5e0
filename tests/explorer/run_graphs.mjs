// Answers on stdout for the graphs on stdin: [{graph, tensors, inputs}] -> [{output: {shape, data}}].
// With the argument "plain" as where there is no WebAssembly.

import { readFileSync } from "node:fs";

if (process.argv[2] === "plain") delete globalThis.WebAssembly;
const { runGraph } = await import("../../condvae/explorer/page/graph.js");

const read = (values) =>
  Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
const cases = JSON.parse(readFileSync(0, "utf8"));
const answers = cases.map(({ graph, tensors, inputs }) => {
  const outputs = runGraph(graph, read(tensors), read(inputs));
  for (const value of Object.values(outputs)) value.data = Array.from(value.data);
  return outputs;
});
console.log(JSON.stringify(answers));
