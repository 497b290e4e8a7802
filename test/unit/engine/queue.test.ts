import { expect, test } from 'vitest'
import { PriorityQueue } from '../../../src/engine/queue.ts'
import type { Priority } from '../../../src/openai/types.ts'

interface Job {
  name: string
  priority: Priority
}

const interactive = (name: string): Job => ({ name, priority: 'interactive' })
const background = (name: string): Job => ({ name, priority: 'background' })

function names(queue: PriorityQueue<Job>): string[] {
  return Array.from({ length: queue.size }, () => queue.shift()?.name ?? '')
}

test('interactive comes before background, first come first served within each', () => {
  const queue = new PriorityQueue<Job>()
  for (const job of [background('b1'), interactive('i1'), background('b2'), interactive('i2')]) queue.push(job)
  expect(queue.size).toBe(4)
  expect(names(queue)).toEqual(['i1', 'i2', 'b1', 'b2'])
  expect(queue.shift()).toBeUndefined()
})

test('a job put back in front runs before those of its own priority, not before a higher one', () => {
  const queue = new PriorityQueue<Job>()
  for (const job of [interactive('i1'), background('b1')]) queue.push(job)
  queue.pushFront(background('replayed'))
  expect(names(queue)).toEqual(['i1', 'replayed', 'b1'])
})

test('a job that left is not handed out, and leaving twice is told', () => {
  const queue = new PriorityQueue<Job>()
  const leaving = interactive('leaving')
  queue.push(leaving)
  queue.push(interactive('staying'))
  expect(queue.remove(leaving)).toBe(true)
  expect(queue.remove(leaving)).toBe(false)
  expect(names(queue)).toEqual(['staying'])
})

test('drain hands out everything at once', () => {
  const queue = new PriorityQueue<Job>()
  for (const job of [background('b1'), interactive('i1')]) queue.push(job)
  expect(queue.drain().map(({ name }) => name)).toEqual(['i1', 'b1'])
  expect(queue.size).toBe(0)
})
