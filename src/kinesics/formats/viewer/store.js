// What the page is about: events of one or two tables, which of them are shown, which is selected, and the edits.

import { compareEvents, compareText, firstWhere, readTables } from "./events.js";
import { matchEvents } from "./matching.js";

/**
 * Holds the state and calls listeners when a part of it has changed: `events` (an edit), `filter`, `selection`,
 * `preview` (an edge that is being dragged), `undo`. The first table is the one that is edited; the second is compared to it.
 */
export class Store {
  #listeners = new Map();
  #cache = new Map();
  #done = [];
  #undone = [];
  #nextId;
  #saved = null;

  constructor(data) {
    this.data = data;
    this.tables = readTables(data);
    this.originals = new Map(this.tables[0].events);
    this.#nextId = this.tables.reduce((sum, table) => sum + table.events.size, 0);
    this.families = new Map(data.vocabulary.map((entry) => [entry.label, entry.family]));
    for (const event of this.all()) if (!this.families.has(event.label)) this.families.set(event.label, event.family);
    this.filter = { least: this.tables.map(() => -Infinity), labels: new Set(), persons: new Set(), differences: false };
    this.selected = null;
    this.preview = null;
  }

  get comparing() {
    return this.tables.length > 1;
  }

  on(kinds, listener) {
    for (const kind of kinds.split(" ")) {
      if (!this.#listeners.has(kind)) this.#listeners.set(kind, []);
      this.#listeners.get(kind).push(listener);
    }
  }

  #changed(...kinds) {
    if (kinds.some((kind) => kind === "events" || kind === "filter")) this.#cache.clear();
    const listeners = new Set(kinds.flatMap((kind) => this.#listeners.get(kind) ?? []));
    for (const listener of listeners) listener();
  }

  /** Compute a value once until events or the filter change. */
  #cached(key, compute) {
    if (!this.#cache.has(key)) this.#cache.set(key, compute());
    return this.#cache.get(key);
  }

  // ---- events

  *all() {
    for (const table of this.tables) yield* table.events.values();
  }

  get(id) {
    for (const table of this.tables) if (table.events.has(id)) return table.events.get(id);
    return null;
  }

  /** Return the labels that occur, in the vocabulary's order, then those outside of it by their name. */
  labels() {
    return this.#cached("labels", () => {
      const occurring = new Set([...this.all()].map((event) => event.label));
      const vocabulary = this.data.vocabulary.map((entry) => entry.label);
      const known = vocabulary.filter((label) => occurring.has(label));
      return [...known, ...[...occurring.difference(new Set(vocabulary))].sort(compareText)];
    });
  }

  persons() {
    return this.#cached("persons", () => [...new Set([...this.all()].map((event) => event.person))].sort((a, b) => a - b));
  }

  /** Return whether no table has an event, shown or not. */
  isEmpty() {
    return this.tables.every((table) => table.events.size === 0);
  }

  /** Return when the last event ends. */
  lastEnd() {
    return this.#cached("last end", () => [...this.all()].reduce((last, event) => Math.max(last, event.end), 0));
  }

  /** Return the events of a table that reach its least score, by time. */
  passing(table) {
    return this.#cached(`passing ${table}`, () =>
      [...this.tables[table].events.values()].filter((event) => event.score >= this.filter.least[table]).sort(compareEvents),
    );
  }

  /** Return the matches between the tables, of events that reach their least score. */
  matches() {
    return this.#cached("matches", () => (this.comparing ? matchEvents(this.passing(0), this.passing(1)) : new Map()));
  }

  isDifferent(event) {
    return this.comparing && !this.matches().has(event.id);
  }

  /** Return the events of a table that the filter shows, by time. */
  shown(table) {
    const { labels, persons, differences } = this.filter;
    return this.#cached(`shown ${table}`, () =>
      this.passing(table).filter(
        (event) => !labels.has(event.label) && !persons.has(event.person) && !(differences && this.matches().has(event.id)),
      ),
    );
  }

  /** Return the events of a table that the filter shows and that may go on at a time. */
  around(table, seconds) {
    const shown = this.shown(table);
    const longest = this.#cached(`longest ${table}`, () => shown.reduce((most, event) => Math.max(most, event.end - event.start), 0));
    const slack = longest + (this.preview ? Math.abs(this.preview.end - this.preview.start) : 0);
    const first = firstWhere(shown.length, (place) => shown[place].start >= seconds - slack);
    const last = this.preview ? shown.length : firstWhere(shown.length, (place) => shown[place].start > seconds);
    return shown.slice(first, last);
  }

  /** Return the shown events of all tables, by time. */
  listed() {
    return this.#cached("listed", () =>
      this.comparing ? [...this.shown(0), ...this.shown(1)].sort(compareEvents) : this.shown(0),
    );
  }

  /** Return the shown events that only one of the tables has, by time. */
  differences() {
    return this.#cached("differences", () => this.listed().filter((event) => this.isDifferent(event)));
  }

  /** Return the place of an event in the list, -1 if it is not shown. */
  placeOf(id) {
    const places = this.#cached("places", () => new Map(this.listed().map((event, place) => [event.id, place])));
    return places.get(id) ?? -1;
  }

  // ---- what is shown and selected

  setFilter(change) {
    Object.assign(this.filter, change);
    this.#changed("filter");
  }

  select(id) {
    if (id === this.selected) return;
    this.selected = id;
    this.preview = null;
    this.#changed("selection");
  }

  /** Show other times of the selected event, while its edge is being dragged. */
  setPreview(preview) {
    this.preview = preview;
    this.#changed("preview");
  }

  /** Return an event with the times that are shown while one of its edges is dragged. */
  previewed(event) {
    return this.preview?.id === event.id ? { ...event, ...this.preview } : event;
  }

  // ---- edits

  get changes() {
    return [...this.#net()].length;
  }

  get isSaved() {
    return this.#done.length === 0 || this.#done.at(-1) === this.#saved;
  }

  get undoable() {
    return this.#done.at(-1)?.name ?? null;
  }

  get redoable() {
    return this.#undone.at(-1)?.name ?? null;
  }

  markSaved() {
    this.#saved = this.#done.at(-1) ?? null;
    this.#changed("undo");
  }

  /** Change fields of an event of the first table. */
  change(id, fields, name) {
    const before = this.tables[0].events.get(id);
    const family = fields.label === undefined ? before.family : this.familyOf(fields.label);
    const after = { ...before, ...fields, family };
    if (Object.keys(after).every((key) => after[key] === before[key])) return;
    this.#unhide(after);
    this.#edit([{ id, before, after }], name);
  }

  remove(id) {
    const before = this.tables[0].events.get(id);
    this.#edit([{ id, before, after: null }], `delete ${before.label}`);
  }

  /** Add an event to the first table and return its number; it has no box unless one is given. */
  add(fields) {
    const id = this.#nextId++;
    const family = this.familyOf(fields.label);
    const after = { score: 1, box: null, tube: null, ...fields, id, table: 0, family };
    this.#unhide(after);
    this.#edit([{ id, before: null, after }], `add ${after.label}`);
    return id;
  }

  /** Let the filter show what was just made. */
  #unhide({ label, person }) {
    this.filter.labels.delete(label);
    this.filter.persons.delete(person);
  }

  familyOf(label) {
    return this.families.get(label) ?? "";
  }

  #edit(changes, name) {
    this.#done.push({ changes, name });
    this.#undone = [];
    this.#apply(changes, "after");
  }

  undo() {
    const edit = this.#done.pop();
    if (!edit) return null;
    this.#undone.push(edit);
    this.#apply(edit.changes, "before");
    return edit.name;
  }

  redo() {
    const edit = this.#undone.pop();
    if (!edit) return null;
    this.#done.push(edit);
    this.#apply(edit.changes, "after");
    return edit.name;
  }

  #apply(changes, side) {
    const { events } = this.tables[0];
    for (const change of changes) {
      if (change[side]) events.set(change.id, change[side]);
      else events.delete(change.id);
    }
    this.preview = null;
    const last = changes.at(-1);
    this.selected = last && last[side] ? last.id : null;
    this.#changed("events", "selection", "undo");
  }

  /** Yield what differs from the table that the page came with: `{ id, event }`, event null where it was deleted. */
  *#net() {
    const { events } = this.tables[0];
    for (const [id, event] of events) if (this.originals.get(id) !== event) yield { id, event };
    for (const id of this.originals.keys()) if (!events.has(id)) yield { id, event: null };
  }

  /** Return the edits as plain data, to be kept outside of the page. */
  draft() {
    const plain = (event) => event && { ...event, tube: null };
    return [...this.#net()].map(({ id, event }) => ({ id, event: plain(event) }));
  }

  /** Make the edits of a draft, as one edit. */
  restore(draft) {
    const { events } = this.tables[0];
    const changes = draft.map(({ id, event }) => {
      const before = events.get(id) ?? null;
      const known = this.originals.has(id);
      const number = known ? id : this.#nextId++;
      return { id: number, before, after: event && { ...event, id: number, table: 0, tube: before?.tube ?? null } };
    });
    this.#edit(changes, "restore earlier corrections");
    this.select(null);
  }
}
