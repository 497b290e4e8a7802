/** The best scores and where they stood, best first; both arrays have the same length. */
export interface TopK {
  indices: Uint32Array<ArrayBuffer>
  scores: Float64Array<ArrayBuffer>
}

/**
 * The `k` highest scores, highest first; of equal scores the lower index comes first, and is kept first.
 * Takes O(n log k) time and O(k) memory: a binary heap holds the best so far with the worst of them on top.
 *
 * @param scores any length; NaN has no rank and is passed over
 * @param k how many to return, an integer of at least 0; more than there are gives all there are
 * @returns at most `k` indices with their scores
 * @throws {RangeError} when `k` is not an integer of at least 0
 */
export function topK(scores: ArrayLike<number>, k: number): TopK {
  if (!Number.isSafeInteger(k) || k < 0) throw new RangeError(`k must be an integer of at least 0, got ${k}`)
  const capacity = Math.min(k, scores.length)
  const heap: TopK = { indices: new Uint32Array(capacity), scores: new Float64Array(capacity) }
  let size = 0
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index]!
    if (size < capacity) {
      if (Number.isNaN(score)) continue
      put(heap, size, index, score)
      siftUp(heap, size)
      size++
    } else if (capacity > 0 && score > heap.scores[0]!) {
      // Strictly greater: a tie must lose, since its index is higher than every index in the heap.
      put(heap, 0, index, score)
      siftDown(heap, size)
    }
  }
  sortBestFirst(heap, size)
  return size === capacity ? heap : { indices: heap.indices.slice(0, size), scores: heap.scores.slice(0, size) }
}

/** Whether place `a` of the heap ranks after place `b`. */
function isWorse(heap: TopK, a: number, b: number): boolean {
  const scoreA = heap.scores[a]!
  const scoreB = heap.scores[b]!
  return scoreA < scoreB || (scoreA === scoreB && heap.indices[a]! > heap.indices[b]!)
}

function put(heap: TopK, place: number, index: number, score: number): void {
  heap.indices[place] = index
  heap.scores[place] = score
}

function swap(heap: TopK, a: number, b: number): void {
  const index = heap.indices[a]!
  const score = heap.scores[a]!
  put(heap, a, heap.indices[b]!, heap.scores[b]!)
  put(heap, b, index, score)
}

function siftUp(heap: TopK, from: number): void {
  let place = from
  while (place > 0) {
    const parent = (place - 1) >> 1
    if (!isWorse(heap, place, parent)) return
    swap(heap, place, parent)
    place = parent
  }
}

/** Lets the element on top sink to its place among the first `size`. */
function siftDown(heap: TopK, size: number): void {
  let place = 0
  for (;;) {
    const left = 2 * place + 1
    if (left >= size) return
    const right = left + 1
    const worst = right < size && isWorse(heap, right, left) ? right : left
    if (!isWorse(heap, worst, place)) return
    swap(heap, worst, place)
    place = worst
  }
}

/** Second half of heapsort: the worst goes to the end, again and again. */
function sortBestFirst(heap: TopK, size: number): void {
  for (let end = size - 1; end > 0; end--) {
    swap(heap, 0, end)
    siftDown(heap, end)
  }
}
