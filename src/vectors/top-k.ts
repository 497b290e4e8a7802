/** Scores and where they stood, best first; both arrays have the same length. */
export interface Ranking {
  indices: Uint32Array<ArrayBuffer>
  scores: Float64Array<ArrayBuffer>
}

/**
 * The `k` highest of scores that come in parts, highest first; of equal scores the lower index comes first, and is kept
 * first. Takes O(n log k) time and O(k) memory: a binary heap holds the best so far with the worst of them on top.
 */
export class TopK {
  readonly #heap: Ranking
  #size = 0

  /**
   * @param k how many to keep, an integer of at least 0
   * @param available how many scores will come at most
   * @throws {RangeError} when `k` is not an integer of at least 0
   */
  constructor(k: number, available: number) {
    if (!Number.isSafeInteger(k) || k < 0) throw new RangeError(`k must be an integer of at least 0, got ${k}`)
    const capacity = Math.min(k, available)
    this.#heap = { indices: new Uint32Array(capacity), scores: new Float64Array(capacity) }
  }

  /**
   * Takes the next part.
   *
   * @param scores the part, perhaps with more behind it; NaN has no rank and is passed over
   * @param count how many of them are the part
   * @param first index of the part's first score; above all that came before
   */
  offer(scores: ArrayLike<number>, count: number, first: number): void {
    const heap = this.#heap
    const capacity = heap.scores.length
    if (capacity === 0) return
    let size = this.#size
    for (let i = 0; i < count; i++) {
      const score = scores[i]!
      if (size < capacity) {
        if (Number.isNaN(score)) continue
        put(heap, size, first + i, score)
        siftUp(heap, size)
        size++
      } else if (score > heap.scores[0]!) {
        // Strictly greater: a tie must lose, since its index is higher than every index in the heap.
        put(heap, 0, first + i, score)
        siftDown(heap, size)
      }
    }
    this.#size = size
  }

  /** What is left of all that came, best first: at most `k`. Nothing may be offered after this. */
  finish(): Ranking {
    const { indices, scores } = this.#heap
    sortBestFirst(this.#heap, this.#size)
    return { indices: indices.subarray(0, this.#size), scores: scores.subarray(0, this.#size) }
  }
}

/** Whether place `a` of the heap ranks after place `b`. */
function isWorse(heap: Ranking, a: number, b: number): boolean {
  const scoreA = heap.scores[a]!
  const scoreB = heap.scores[b]!
  return scoreA < scoreB || (scoreA === scoreB && heap.indices[a]! > heap.indices[b]!)
}

function put(heap: Ranking, place: number, index: number, score: number): void {
  heap.indices[place] = index
  heap.scores[place] = score
}

function swap(heap: Ranking, a: number, b: number): void {
  const index = heap.indices[a]!
  const score = heap.scores[a]!
  put(heap, a, heap.indices[b]!, heap.scores[b]!)
  put(heap, b, index, score)
}

function siftUp(heap: Ranking, from: number): void {
  let place = from
  while (place > 0) {
    const parent = (place - 1) >> 1
    if (!isWorse(heap, place, parent)) return
    swap(heap, place, parent)
    place = parent
  }
}

/** Lets the element on top sink to its place among the first `size`. */
function siftDown(heap: Ranking, size: number): void {
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
function sortBestFirst(heap: Ranking, size: number): void {
  for (let end = size - 1; end > 0; end--) {
    swap(heap, 0, end)
    siftDown(heap, end)
  }
}
