// Which events of two tables are the same: those of `kinesics score`, one to one within a person and label.

const MOST = 300; // events of one cluster up to which the best assignment is searched; beyond, the best pairs come first

/** Return the intersection over union in time of two events. */
export function temporalIou(a, b) {
  const inter = Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
  return inter / (a.end - a.start + (b.end - b.start) - inter);
}

/**
 * Match two lists of events, each sorted by start, at a threshold of the intersection over union in time.
 *
 * Return a map from the number of each matched event to `{ partner, tiou }`. As many pairs as possible are made, and of
 * those choices the one with the largest sum of overlaps.
 */
export function matchEvents(ones, others, threshold = 0.5) {
  const byKind = Map.groupBy(others, kindOf);
  const matches = new Map();
  for (const [kind, group] of Map.groupBy(ones, kindOf)) {
    const pairs = pairsOf(group, byKind.get(kind) ?? [], threshold);
    for (const cluster of clustersOf(pairs)) {
      for (const { a, b, tiou } of assign(cluster)) {
        matches.set(a.id, { partner: b.id, tiou });
        matches.set(b.id, { partner: a.id, tiou });
      }
    }
  }
  return matches;
}

const kindOf = (event) => `${event.person} ${event.label}`;

/** Return all pairs that overlap enough; both lists are sorted by start. */
function pairsOf(ones, others, threshold) {
  const longest = others.reduce((most, event) => Math.max(most, event.end - event.start), 0);
  const pairs = [];
  let first = 0;
  for (const a of ones) {
    while (first < others.length && others[first].start < a.start - longest) first++;
    for (let place = first; place < others.length && others[place].start < a.end; place++) {
      const tiou = temporalIou(a, others[place]);
      if (tiou >= threshold) pairs.push({ a, b: others[place], tiou });
    }
  }
  return pairs;
}

/** Split pairs into the clusters that share no event. */
function clustersOf(pairs) {
  const parent = new Map();
  const root = (id) => {
    let top = id;
    while (parent.get(top) !== top) top = parent.get(top);
    parent.set(id, top);
    return top;
  };
  for (const { a, b } of pairs) {
    for (const { id } of [a, b]) if (!parent.has(id)) parent.set(id, id);
    parent.set(root(a.id), root(b.id));
  }
  return Map.groupBy(pairs, ({ a }) => root(a.id)).values();
}

/** Return the pairs of a cluster that are matched. */
function assign(pairs) {
  if (pairs.length === 1) return pairs;
  const ones = [...new Set(pairs.map(({ a }) => a))];
  const others = [...new Set(pairs.map(({ b }) => b))];
  if (Math.max(ones.length, others.length) > MOST) return takeBest(pairs);
  const [rows, columns] = ones.length <= others.length ? ["a", "b"] : ["b", "a"];
  const [short, long] = rows === "a" ? [ones, others] : [others, ones];
  const rowOf = new Map(short.map((event, place) => [event, place]));
  const columnOf = new Map(long.map((event, place) => [event, place]));
  const gain = short.map(() => new Float64Array(long.length));
  const pairAt = new Map();
  for (const pair of pairs) {
    const [row, column] = [rowOf.get(pair[rows]), columnOf.get(pair[columns])];
    gain[row][column] = 1 + pair.tiou / (short.length + 1); // no sum of overlaps outweighs a pair
    pairAt.set(row * long.length + column, pair);
  }
  return solve(gain).map((column, row) => pairAt.get(row * long.length + column)).filter(Boolean);
}

function takeBest(pairs) {
  const taken = new Set();
  return pairs.toSorted((p, q) => q.tiou - p.tiou).filter(({ a, b }) => {
    if (taken.has(a) || taken.has(b)) return false;
    taken.add(a).add(b);
    return true;
  });
}

/** Return the column of each row in the assignment of largest gain (Kuhn 1955, by shortest augmenting paths). */
function solve(gain) {
  const [rows, columns] = [gain.length, gain[0].length];
  const [ofRow, ofColumn] = [new Float64Array(rows + 1), new Float64Array(columns + 1)];
  const rowOf = new Int32Array(columns + 1); // rows and columns count from 1 in here, 0 is none
  for (let row = 1; row <= rows; row++) {
    const [least, from, done] = [new Float64Array(columns + 1).fill(Infinity), new Int32Array(columns + 1), new Uint8Array(columns + 1)];
    let column = 0;
    rowOf[0] = row;
    do {
      done[column] = 1;
      let [step, next] = [Infinity, 0];
      for (let other = 1; other <= columns; other++) {
        if (done[other]) continue;
        const cost = -gain[rowOf[column] - 1][other - 1] - ofRow[rowOf[column]] - ofColumn[other];
        if (cost < least[other]) [least[other], from[other]] = [cost, column];
        if (least[other] < step) [step, next] = [least[other], other];
      }
      for (let other = 0; other <= columns; other++) {
        if (done[other]) {
          ofRow[rowOf[other]] += step;
          ofColumn[other] -= step;
        } else least[other] -= step;
      }
      column = next;
    } while (rowOf[column]);
    for (; column; column = from[column]) rowOf[column] = rowOf[from[column]];
  }
  const columnOf = new Array(rows).fill(-1);
  rowOf.forEach((row, column) => {
    if (row && column) columnOf[row - 1] = column - 1;
  });
  return columnOf;
}
