/** Several threads at one run, over the same memory. */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recognizeBert } from '../../../src/simd/bert/recognize.ts'
import { readOnnx } from '../../../src/engine/onnx/graph.ts'
import { Encoder, type SharedEncoder } from '../../../src/simd/encoder.ts'
import { planRun } from '../../../src/simd/run-plan.ts'
import { attachSimdSession } from '../../../src/simd/session.ts'
import { lend } from '../../../src/simd/team-words.ts'
import { makeEncoder } from './float-encoder.ts'
import { fileBytes, plainModule } from './reference.ts'

const OURS = 'models/all-MiniLM-L6-v2/onnx/model_q8_wasm.onnx'

interface Order {
  what: 'help' | 'dismiss' | 'take'
  place: number
  plan?: number
  after?: number
}

/** A thread with a part of the memory of its own. */
class Helper {
  readonly place: number
  readonly #thread: Worker
  readonly #shared: SharedEncoder

  private constructor(shared: SharedEncoder, place: number, thread: Worker) {
    this.#shared = shared
    this.place = place
    this.#thread = thread
  }

  static async start(shared: SharedEncoder): Promise<Helper> {
    const { place } = await Encoder.attach(shared)
    const { address: plan, scratch } = planRun(shared.model, place)
    const { module, memory } = shared
    const workerData = { module, memory, plan, scratch }
    const thread = new Worker(new URL('./team-thread.mjs', import.meta.url), { workerData })
    await once(thread, 'message')
    return new Helper(shared, place, thread)
  }

  lendTo(leader: Encoder | null): void {
    lend(this.#shared.memory, this.place, leader?.place ?? 0)
  }

  order(order: Order): void {
    this.#thread.postMessage(order)
  }

  /** Has it help; gives the tasks that it did once it has left. */
  async help(leader: Encoder, after = 0): Promise<number> {
    this.lendTo(leader)
    const { address: plan } = planRun(this.#shared.model, leader.place)
    this.order({ what: 'help', place: leader.place, plan, after })
    const [tasks] = (await once(this.#thread, 'message')) as [number]
    return tasks
  }

  async end(): Promise<void> {
    await this.#thread.terminate()
  }
}

interface Team {
  leader: Encoder
  helpers: Helper[]
  /** In memory of its own: what nobody helps with. */
  alone: Encoder
}

const teams: Team[] = []

async function makeTeam(size: number, source: Parameters<typeof Encoder.create>[1]): Promise<Team> {
  const leader = await Encoder.create(await plainModule(true), source)
  const helpers = await Promise.all(Array.from({ length: size }, () => Helper.start(leader.shared!)))
  const team = { leader, helpers, alone: await Encoder.create(await plainModule(), source) }
  teams.push(team)
  return team
}

afterAll(() => Promise.all(teams.flatMap(({ helpers }) => helpers.map((helper) => helper.end()))))

/** Texts of such lengths. */
function textsOf(lengths: readonly number[], vocabulary: number, seed: number) {
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const ids = Int32Array.from({ length: total }, (_, at) => (at * 7919 + seed * 104_729) % vocabulary)
  return { ids, lengths: Int32Array.from(lengths) }
}

/** Runs with the first `count` helpers; gives the vectors and the tasks that they did. */
async function runTogether({ leader, helpers }: Team, count: number, texts: ReturnType<typeof textsOf>) {
  const here = helpers.slice(0, count)
  const helped = here.map((helper) => helper.help(leader))
  const vectors = leader.encode(texts)
  for (const helper of here) helper.lendTo(null)
  return { vectors, tasks: (await Promise.all(helped)).reduce((sum, tasks) => sum + tasks, 0) }
}

describe('all-MiniLM-L6-v2 by several workers', () => {
  let team: Team
  beforeAll(async () => {
    const config = {
      output: 'sentence_embedding',
      pooled: true,
      pooling: 'mean',
      width: 384,
      maxTokens: 512,
    } as const
    team = await makeTeam(3, recognizeBert(readOnnx(new Uint8Array(fileBytes(OURS))), config))
  })

  it.each([[[1]], [[2]], [[15]], [[49]], [[130]], [[512]], [[1, 7, 31, 12, 64]], [[300, 300, 5]]])(
    'gives texts of %j tokens the same bits',
    async (lengths) => {
      const texts = textsOf(lengths, team.alone.vocabulary, 1)
      const expected = team.alone.encode(texts)
      for (const count of [1, 2, 3]) {
        // A run may be over before a thread has woken.
        for (let helped = false; !helped;) {
          const { vectors, tasks } = await runTogether(team, count, texts)
          expect(vectors).toEqual(expected)
          helped = tasks > 0
        }
      }
    },
  )

  it('goes on without helpers that come late, go early, or never come', async () => {
    const [late, early, absent] = team.helpers as [Helper, Helper, Helper]
    const texts = textsOf([400], team.alone.vocabulary, 2)
    const expected = team.alone.encode(texts)
    absent.lendTo(team.leader)
    // How much they do is the machine's affair.
    for (let both = false; !both;) {
      const helped = [late.help(team.leader, 20), early.help(team.leader)]
      absent.order({ what: 'dismiss', place: early.place, after: 40 })
      expect(team.leader.encode(texts)).toEqual(expected)
      for (const helper of team.helpers) helper.lendTo(null)
      both = (await Promise.all(helped)).every((tasks) => tasks > 0)
    }
    // Asked when the run is over.
    expect(await late.help(team.leader)).toBe(0)
    expect(team.leader.encode(texts)).toEqual(expected)
  })
})

describe('a team', () => {
  const SHAPE = { hidden: 128, heads: 4, inner: 256, layers: 2 }

  it('gives the same bits in thousands of runs, whoever comes and goes', async () => {
    const team = await makeTeam(3, makeEncoder(SHAPE))
    const [first, second, third] = team.helpers as [Helper, Helper, Helper]
    const batches = Array.from({ length: 40 }, (_, seed) =>
      textsOf([1 + (seed % 23), 1 + ((seed * 5) % 24)], 32, seed),
    )
    const expected = batches.map((batch) => team.alone.encode(batch))
    let tasks = 0
    for (let round = 0; round < 60; round++) {
      const helped = [first.help(team.leader), second.help(team.leader)]
      third.order({ what: 'dismiss', place: (round % 2 === 0 ? first : second).place, after: round % 3 })
      for (const [index, batch] of batches.entries()) expect(team.leader.encode(batch)).toEqual(expected[index])
      first.lendTo(null)
      second.lendTo(null)
      for (const count of await Promise.all(helped)) tasks += count
    }
    console.log(`2,400 runs, of which others did ${String(tasks)} tasks`)
    expect(tasks).toBeGreaterThan(1000)
  })

  it('lets a worker go that finds no work, lent or not', async () => {
    const { leader, helpers } = await makeTeam(1, makeEncoder(SHAPE))
    const started = performance.now()
    expect(await helpers[0]?.help(leader)).toBe(0)
    expect(performance.now() - started).toBeGreaterThan(40)
  })

  it('gives a run up whose helper has ended in the middle of a task, for another worker to do', async () => {
    const { leader, helpers } = await makeTeam(1, makeEncoder(SHAPE))
    helpers[0]?.order({ what: 'take', place: leader.place })
    const runs = (): void => {
      for (;;) leader.encode(textsOf([24], 32, 3))
    }
    expect(runs).toThrow(WebAssembly.RuntimeError)
  })

  it.each([
    ['within the weights', (end: number) => end - 64],
    ['between two workers', (end: number) => end + 64],
    ['beyond the memory', () => 2 ** 31],
    ['that is no number', () => Number.NaN],
    ['that is a text', () => '65536' as unknown as number],
  ])('refuses a place %s', async (_, place) => {
    const { leader } = await makeTeam(0, makeEncoder(SHAPE))
    const shared = leader.shared!
    const session = await attachSimdSession(shared)
    expect(() => session.help(place(shared.model.end))).toThrow(/^place is/)
    expect(session.help(leader.place)).toBe(0)
  })
})
