// Lanes of computation: workers, or, where the browser forbids them, the page between frames.

import { runTimed } from "./graph.js";

const MOST_WORKERS = 4;

/** As many lanes as are of use, for a model {graphs, tensors}. */
export function makeLanes(workerText, model) {
  // a page from a file has no other address that a worker may be loaded from
  const url = URL.createObjectURL(new Blob([workerText], { type: "text/javascript" }));
  const count = Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 2);
  return Array.from({ length: count }, () => makeLane(url, model));
}

/** A lane: run(name, values, take) while it is not busy; take(outputs, milliseconds) follows. */
function makeLane(url, model) {
  const inPage = ({ name, values, then }) =>
    // after what the browser has to do, such as drawing the last frame
    setTimeout(() => then(runTimed(model.graphs[name], model.tensors, values)));
  let job = null;
  let send = inPage;
  try {
    const worker = new Worker(url);
    worker.onmessage = ({ data }) => job.then(data);
    // a policy may forbid the worker after it was made: what it was given is done here
    worker.onerror = () => {
      send = inPage;
      if (job) send(job);
    };
    // copied once: afterwards only values travel
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
        then({ outputs, milliseconds }) {
          job = null;
          lane.busy = false;
          take(outputs, milliseconds);
        },
      };
      send(job);
    },
  };
  return lane;
}
