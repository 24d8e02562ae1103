// The keys of the page. They do nothing while a field, a button or a dialog has a use for them.

import { announce, byId, notify } from "./dom.js";

/** Listen to the keys: `parts` are the player, the timeline, the list of events and the actions of the inspector. */
export function createKeyboard(store, { player, timeline, list, actions }) {
  const undo = () => tell("Undone", store.undo());
  const redo = () => tell("Done again", store.redo());
  const keys = {
    " ": player.toggle,
    ArrowLeft: (press) => player.seek(player.time() - (press.shiftKey ? 5 : 1)),
    ArrowRight: (press) => player.seek(player.time() + (press.shiftKey ? 5 : 1)),
    ",": () => player.step(-1),
    ".": () => player.step(1),
    Home: () => player.seek(0),
    End: () => player.seek(player.duration()),
    j: () => list.step(1),
    k: () => list.step(-1),
    n: () => list.stepDifference(1),
    p: () => list.stepDifference(-1),
    Enter: actions.play,
    "[": actions.setStart,
    "]": actions.setEnd,
    a: actions.add,
    c: actions.takeOver,
    e: () => byId("field-label").focus(),
    Delete: actions.remove,
    Backspace: actions.remove,
    "+": () => timeline.zoom(0.5),
    "=": () => timeline.zoom(0.5),
    "-": () => timeline.zoom(2),
    0: timeline.fit,
    f: () => store.selected !== null && timeline.zoomTo(store.get(store.selected)),
    Escape: () => store.select(null),
    "?": () => byId("help").showModal(),
  };
  const withControl = { z: (press) => (press.shiftKey ? redo : undo)(), y: redo };
  document.addEventListener("keydown", (press) => {
    if (press.altKey || isTaken(press)) return;
    const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
    const act = (press.ctrlKey || press.metaKey ? withControl : keys)[key];
    if (!act) return;
    press.preventDefault();
    act(press);
  });
  byId("undo").addEventListener("click", undo);
  byId("redo").addEventListener("click", redo);
  const show = () => {
    for (const [id, name] of [["undo", store.undoable], ["redo", store.redoable]]) {
      byId(id).disabled = name === null;
      byId(id).title = name === null ? "" : `${id === "undo" ? "Undo" : "Redo"}: ${name}`;
    }
    const { changes } = store;
    byId("changes").textContent = changes ? `${changes} corrected${store.isSaved ? ", exported" : ""}` : "";
  };
  store.on("undo", show);
  show();
}

/** Return whether a field, a button or a dialog has a use for the key itself. */
function isTaken({ key, target }) {
  if (document.querySelector("dialog[open]")) return true;
  if (target.matches("input:not([type=range], [type=checkbox], [type=radio]), select, textarea")) return true;
  if (key === " " || key === "Enter") return target.closest("button, a, summary, label, input") !== null;
  return /^(Arrow|Home|End)/.test(key) && target.matches("input, [role=tab], [role=separator]");
}

function tell(what, name) {
  if (name === null) notify("There is nothing to undo or redo.");
  else announce(`${what}: ${name}`);
}
