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
  document.addEventListener("keydown", (press) => {
    if (document.querySelector("dialog[open]")) return;
    const writing = press.target.matches("input:not([type=range], [type=checkbox], [type=radio]), select, textarea");
    if ((press.ctrlKey || press.metaKey) && !press.altKey && !writing) {
      const key = press.key.toLowerCase();
      if (key === "z") (press.shiftKey ? redo : undo)();
      else if (key === "y") redo();
      else return;
      press.preventDefault();
      return;
    }
    if (press.ctrlKey || press.metaKey || press.altKey || writing) return;
    if ([" ", "Enter"].includes(press.key) && press.target.closest("button, a, summary, label, input")) return;
    if (/^(Arrow|Home|End)/.test(press.key) && press.target.matches("input, [role=tab]")) return;
    const act = keys[press.key] ?? (press.shiftKey ? keys[press.key.toLowerCase()] : undefined);
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
    byId("changes").textContent = changes ? `${changes} corrected` : "";
  };
  store.on("undo", show);
  show();
}

function tell(what, name) {
  if (name === null) notify("There is nothing to undo or redo.");
  else announce(`${what}: ${name}`);
}
