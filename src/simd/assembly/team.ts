/**
 * Several workers at one run, over the same memory. Who leads it opens one step after the other, and whoever is there takes
 * tasks from a counter: a helper that is late, or never comes, costs nothing, since the leader does what nobody has taken.
 *
 * Why no helper ever reads or writes what it must not:
 *
 * - A task is taken by exchanging the whole state word, the step's number included, which grows with every step and comes
 *   again after 2^32 of them only. So who has taken a task has it of the step that is open now.
 * - The leader opens the next step when as many tasks are done as the step has, the taken one among them. Until its taker
 *   has counted it, `step` and all that the task reads stay as they are; after that the taker touches the team's words
 *   alone. It reads `step` after it has taken the task, never before.
 * - All accesses to these words are sequentially consistent. What the leader wrote before it opened the step is seen by who
 *   reads the state from it, directly or through the exchanges of others; what the takers wrote before they counted their
 *   tasks, by the leader that reads the full count, each addition having read the one before.
 *
 * A worker that ends within a task leaves it undone for ever. Then the leader gives up, and its worker is ended as well: the
 * buffers of a run belong to the leader, and memory of a worker that has ended is never used again. So it does no harm
 * either if the helper was merely slow, and still writes there. Weights are written by nobody.
 */

import { Encoder, Scratch } from './layout'
import { doTask } from './steps'

// Addresses in a worker's part of the team's words, each in a line of the cache of its own. JavaScript has LENT in
// `../team-words.ts`. At the first: uint64, the step's number (32 bits), its tasks (16), the next one to be taken (16).

/** uint32: tasks of the step that are done. */
const DONE: usize = 64
/** uint32: helpers that sleep until a step is opened. */
const SLEEPERS: usize = 128
/** uint32: 1 while the leader sleeps until a task is done. */
const LEADER_SLEEPS: usize = 132
/** uint32: address of the team's words of the worker to be helped; 0: none. Written by the service. */
const LENT: usize = 192

/** Looks for a change before a worker sleeps: some 50 µs, which is more than most tasks take. */
const LOOKS: u32 = 20_000

/** Nanoseconds of a helper's sleep, and how many without any task there are before it goes. */
const SLEEP: i64 = 1_000_000
const SLEEPS: u32 = 50

/**
 * Nanoseconds of a leader's sleep, and after how many it gives up. It sleeps when a helper was put aside in the middle of a
 * task: the processor is then free for it.
 */
const LEADER_SLEEP: i64 = 10_000_000
const LEADER_SLEEP_COUNT: u32 = 500

/** Opens a step to all, and returns when it is done. Traps where a helper has not done its task after some seconds. */
export function perform(e: Encoder, s: Scratch, kind: u32, tasks: u32): void {
  e.step.kind = kind
  if (!ASC_FEATURE_THREADS || tasks < 2) {
    for (let task: u32 = 0; task < tasks; task++) doTask(e, s, task)
    return
  }
  const team = e.team
  const number = (atomic.load<u64>(team) >> 32) + 1
  atomic.store<u32>(team + DONE, 0)
  atomic.store<u64>(team, (number << 32) | (<u64>tasks << 16))
  if (atomic.load<u32>(team + SLEEPERS) > 0) atomic.notify(team, -1)
  for (let state = atomic.load<u64>(team); isOpen(state); state = atomic.load<u64>(team)) take(e, s, state)
  awaitTasks(team, tasks)
}

/** Whether a task is left to be taken. */
@inline
function isOpen(state: u64): bool {
  return (<u32>state & 0xffff) < <u32>state >> 16
}

/** Does the next task, unless the state has changed. */
function take(e: Encoder, s: Scratch, state: u64): bool {
  const team = e.team
  if (atomic.cmpxchg<u64>(team, state, state + 1) != state) return false
  doTask(e, s, <u32>state & 0xffff)
  atomic.add<u32>(team + DONE, 1)
  if (atomic.load<u32>(team + LEADER_SLEEPS) != 0) atomic.notify(team + DONE, 1)
  return true
}

function awaitTasks(team: usize, tasks: u32): void {
  let looks: u32 = 0
  let done = atomic.load<u32>(team + DONE)
  while (done < tasks) {
    if (++looks > LOOKS) {
      if (looks > LOOKS + LEADER_SLEEP_COUNT) unreachable()
      atomic.store<u32>(team + LEADER_SLEEPS, 1)
      atomic.wait<u32>(team + DONE, done, LEADER_SLEEP)
      atomic.store<u32>(team + LEADER_SLEEPS, 0)
    }
    done = atomic.load<u32>(team + DONE)
  }
}

/**
 * Works at another worker's run for as long as the service lends this one to it, and a little longer than there is work.
 *
 * @param plan the leader's
 * @param mine this worker's plan
 * @param own this worker's scratch memory
 * @returns tasks that were done
 */
export function help(plan: usize, mine: usize, own: usize): u32 {
  if (!ASC_FEATURE_THREADS) return 0
  const e = changetype<Encoder>(plan)
  const s = changetype<Scratch>(own)
  const team = e.team
  const lent = changetype<Encoder>(mine).team + LENT
  let tasks: u32 = 0
  let looks: u32 = 0
  while (atomic.load<u32>(lent) == <u32>team && looks < LOOKS + SLEEPS) {
    const state = atomic.load<u64>(team)
    if (isOpen(state)) {
      if (take(e, s, state)) tasks++
      looks = 0
    } else if (++looks > LOOKS) {
      atomic.add<u32>(team + SLEEPERS, 1)
      atomic.wait<u64>(team, state, SLEEP)
      atomic.sub<u32>(team + SLEEPERS, 1)
    }
  }
  return tasks
}
