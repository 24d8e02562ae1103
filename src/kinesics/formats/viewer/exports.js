// Write the corrected table: as the CSV that `kinesics score` reads, and as a file of ELAN.

import { byId, announce } from "./dom.js";
import { compareEvents, compareText } from "./events.js";

const COLUMNS = "video,person,label,family,start_s,end_s,score,x0,y0,x1,y1";

/** Write events, sorted by time, as CSV: times to the millisecond, scores and boxes to four decimals. */
export function toCsv(events, video) {
  const rows = events.map((event) => {
    const numbers = [event.start, event.end].map((value) => fixed(value, 3));
    const box = event.box ? event.box.map((value) => fixed(value, 4)) : ["", "", "", ""];
    return [quoted(video), event.person, quoted(event.label), quoted(event.family), ...numbers, fixed(event.score, 4), ...box].join(",");
  });
  return `${[COLUMNS, ...rows].join("\n")}\n`;
}

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const fixed = (value, digits) => (Object.is(value, -0) ? "-" : "") + value.toFixed(digits);

/**
 * Write events, sorted by time, as an ELAN file (EAF 3.0): a tier for each person and family.
 *
 * Annotations of one tier may not overlap in ELAN: events that do go to a second tier and so on. EAF holds no scores or boxes.
 * `media` is `{ url, relative, type }`; `vocabulary` has the labels that ELAN proposes.
 */
export function toEaf(events, media, vocabulary, date) {
  const slots = [];
  const tiers = tiersOf(events);
  let annotations = 0;
  const tierLines = tiers.flatMap(({ name, person, rows }) => [
    `  <TIER LINGUISTIC_TYPE_REF="behaviour" PARTICIPANT="person ${person}" TIER_ID=${attribute(name)}>`,
    ...rows.flatMap((event) => {
      slots.push(event.start, event.end);
      return [
        "    <ANNOTATION>",
        `      <ALIGNABLE_ANNOTATION ANNOTATION_ID="a${++annotations}" TIME_SLOT_REF1="ts${slots.length - 1}" TIME_SLOT_REF2="ts${slots.length}">`,
        `        <ANNOTATION_VALUE>${xml(event.label)}</ANNOTATION_VALUE>`,
        "      </ALIGNABLE_ANNOTATION>",
        "    </ANNOTATION>",
      ];
    }),
    "  </TIER>",
  ]);
  const order = slots.map((_, place) => place).sort((a, b) => slots[a] - slots[b] || a - b);
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<ANNOTATION_DOCUMENT AUTHOR="" DATE="${date}" FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">`,
    '  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">',
    `    <MEDIA_DESCRIPTOR MEDIA_URL=${attribute(media.url)} MIME_TYPE=${attribute(media.type)} RELATIVE_MEDIA_URL=${attribute(media.relative)}/>`,
    `    <PROPERTY NAME="lastUsedAnnotationId">${annotations}</PROPERTY>`,
    "  </HEADER>",
    "  <TIME_ORDER>",
    ...order.map((place) => `    <TIME_SLOT TIME_SLOT_ID="ts${place + 1}" TIME_VALUE="${Math.round(slots[place] * 1000)}"/>`),
    "  </TIME_ORDER>",
    ...tierLines,
    '  <LINGUISTIC_TYPE CONTROLLED_VOCABULARY_REF="labels" GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="behaviour" TIME_ALIGNABLE="true"/>',
    '  <LANGUAGE LANG_DEF="http://cdb.iso.org/lg/CDB-00138502-001" LANG_ID="eng" LANG_LABEL="English (eng)"/>',
    '  <CONTROLLED_VOCABULARY CV_ID="labels">',
    '    <DESCRIPTION LANG_REF="eng"/>',
    ...vocabulary.flatMap(({ label, definition }, place) => [
      `    <CV_ENTRY_ML CVE_ID="cve${place + 1}">`,
      `      <CVE_VALUE DESCRIPTION=${attribute(definition)} LANG_REF="eng">${xml(label)}</CVE_VALUE>`,
      "    </CV_ENTRY_ML>",
    ]),
    "  </CONTROLLED_VOCABULARY>",
    "</ANNOTATION_DOCUMENT>",
  ].join("\n")}\n`;
}

/** Return the tiers in the order of persons and families, and their events, none of which overlap. */
function tiersOf(events) {
  const groups = [...Map.groupBy(events, (event) => JSON.stringify([event.person, printable(event.family)])).values()];
  groups.sort(([a], [b]) => a.person - b.person || compareText(a.family, b.family));
  return groups.flatMap((group) => {
    const { person, family } = group[0];
    const rows = [];
    for (const event of group) {
      const row = rows.find((earlier) => Math.round(earlier.at(-1).end * 1000) <= Math.round(event.start * 1000));
      if (row) row.push(event);
      else rows.push([event]);
    }
    return rows.map((row, place) => ({ name: tierName(person, family, place), person, rows: row }));
  });
}

/** Name a tier as `kinesics.formats` does: further tiers, of events that overlap, have a number in brackets. */
function tierName(person, family, place) {
  const name = `person ${person} ${printable(family)}`.trimEnd();
  return place || / \(\d+\)$/.test(name) ? `${name} (${place + 1})` : name;
}

// XML 1.0 has no control characters, no halves of surrogate pairs and no U+FFFE or U+FFFF.
// eslint-disable-next-line no-control-regex
const printable = (text) => text.toWellFormed().replace(/[\x00-\x1f\x7f-\x9f\ufffe\uffff]+/g, " ").trim();
const xml = (text) => printable(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const attribute = (text) => `"${xml(text).replaceAll('"', "&quot;")}"`;

/** Make the dialog that saves the table. */
export function createExports(store, player) {
  const dialog = byId("export");
  const { data } = store;
  const chosen = () => {
    if (byId("export-shown").checked) return store.shown(0);
    return [...store.tables[0].events.values()].sort(compareEvents);
  };
  const writers = {
    csv: () => toCsv(chosen(), data.video),
    eaf: () => toEaf(chosen(), mediaOf(data, player), labelsOf(store), new Date().toISOString().replace(/\.\d+Z/, "+00:00")),
  };
  const save = (ending) => {
    const name = `${data.video}.corrected.${ending}`;
    const url = URL.createObjectURL(new Blob([writers[ending]()], { type: ending === "csv" ? "text/csv" : "application/xml" }));
    const link = document.createElement("a");
    Object.assign(link, { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    if (byId("export-all").checked) store.markSaved();
    dialog.close();
    announce(`Saved ${name}`);
  };
  for (const ending of Object.keys(writers)) byId(`export-${ending}`).addEventListener("click", () => save(ending));
  byId("export-open").addEventListener("click", () => {
    byId("export-all-count").textContent = store.tables[0].events.size;
    byId("export-shown-count").textContent = store.shown(0).length;
    dialog.showModal();
  });
}

function mediaOf(data, player) {
  const url = player.source();
  const type = { webm: "video/webm", mkv: "video/x-matroska", mov: "video/quicktime", avi: "video/x-msvideo", mpg: "video/mpeg" };
  const ending = data.file.slice(data.file.lastIndexOf(".") + 1).toLowerCase();
  return { url, relative: `./${encodeURI(data.file).replaceAll("#", "%23").replaceAll("?", "%3F")}`, type: type[ending] ?? "video/mp4" };
}

/** Return the vocabulary, and the labels outside of it that occur. */
function labelsOf(store) {
  const known = store.data.vocabulary;
  const names = new Set(known.map((entry) => entry.label));
  return [...known, ...store.labels().filter((label) => !names.has(label)).map((label) => ({ label, definition: "" }))];
}
