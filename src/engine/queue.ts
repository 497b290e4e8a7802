/** Work that waits for a session: interactive before background, first come first served within each. */

/** As in a request's options. */
type Priority = 'interactive' | 'background'

/** A priority queue whose members may leave by themselves when their caller gives up. */
export class PriorityQueue<Job extends { readonly priority: Priority }> {
  readonly #lanes: Record<Priority, Job[]> = { interactive: [], background: [] }

  get size(): number {
    return this.#lanes.interactive.length + this.#lanes.background.length
  }

  push(job: Job): void {
    this.#lanes[job.priority].push(job)
  }

  /** Puts a job back before all others of its priority: for the replay after a worker was lost. */
  pushFront(job: Job): void {
    this.#lanes[job.priority].unshift(job)
  }

  shift(): Job | undefined {
    return this.#lanes.interactive.shift() ?? this.#lanes.background.shift()
  }

  /** True when the job was still waiting. */
  remove(job: Job): boolean {
    const lane = this.#lanes[job.priority]
    const index = lane.indexOf(job)
    if (index < 0) return false
    lane.splice(index, 1)
    return true
  }

  /** Empties the queue. */
  drain(): Job[] {
    return [...this.#lanes.interactive.splice(0), ...this.#lanes.background.splice(0)]
  }
}
