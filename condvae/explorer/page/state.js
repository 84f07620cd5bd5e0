// The state of the page: one frozen value, its past and its future.

const MOST_STEPS = 200;

/**
 * A store of the state; consequences(changes, state) adds to changes what comes with them.
 *
 * `change` shows something new, `commit` makes it a step that can be undone: a drag is many
 * changes and one step. Listeners to changes get (state, previous), those to steps the state.
 */
export function makeStore(initial, consequences) {
  let state = Object.freeze(initial);
  let step = state;
  const past = [];
  const future = [];
  const ofChanges = [];
  const ofSteps = [];

  const changed = (changes) => ({ ...state, ...consequences(changes, state) });

  function show(next) {
    const previous = state;
    state = Object.freeze(next);
    for (const listener of ofChanges) listener(state, previous);
  }

  function move(from, to) {
    if (!from.length) return;
    to.push(step);
    step = from.pop();
    show(step);
    for (const listener of ofSteps) listener(state);
  }

  return {
    get state() {
      return state;
    },
    get canUndo() {
      return past.length > 0;
    },
    get canRedo() {
      return future.length > 0;
    },
    change(changes) {
      show(changed(changes));
    },
    commit(changes) {
      if (changes) show(changed(changes));
      // nothing changed since the last step: a click is none
      if (state === step) return;
      past.push(step);
      if (past.length > MOST_STEPS) past.shift();
      // a new step ends what could be redone
      future.length = 0;
      step = state;
      for (const listener of ofSteps) listener(state);
    },
    undo: () => move(past, future),
    redo: () => move(future, past),
    onChange: (listener) => ofChanges.push(listener),
    onStep: (listener) => ofSteps.push(listener),
  };
}
