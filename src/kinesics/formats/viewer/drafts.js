// Keep corrections in the browser's storage until they are exported, so that a closed tab loses none.

import { notify } from "./dom.js";
import { problemOf } from "./events.js";

/** Restore what was kept for this page and table, and keep every edit from now on. */
export function keepDrafts(store) {
  const key = `kinesics ${store.data.digest}`;
  let kept = true;
  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "[]");
    } catch {
      return [];
    }
  };
  const draft = read();
  if (isDraft(draft) && draft.length > 0) {
    store.restore(draft);
    const events = draft.length === 1 ? "1 correction" : `${draft.length} corrections`;
    notify(`Restored ${events} that this browser kept.`, { name: "Discard", run: () => store.undo() });
  }
  store.on("undo", () => {
    try {
      const changes = store.draft();
      if (changes.length > 0) localStorage.setItem(key, JSON.stringify(changes));
      else localStorage.removeItem(key);
      kept = true;
    } catch {
      kept = false; // the storage is full or switched off
    }
  });
  window.addEventListener("beforeunload", (leaving) => {
    if (!kept && !store.isSaved) leaving.preventDefault();
  });
}

function isDraft(draft) {
  const isBox = (box) => box === null || (Array.isArray(box) && box.length === 4 && box.every(Number.isFinite));
  const isEvent = (event) => typeof event.label === "string" && typeof event.family === "string" && isBox(event.box) && !problemOf(event);
  return Array.isArray(draft) && draft.every((change) => Number.isInteger(change?.id) && (change.event === null || isEvent(change.event)));
}
