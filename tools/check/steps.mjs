/** Runs commands beside each other and prints each one's output in one piece. */

import { spawn } from 'node:child_process'
import process from 'node:process'

/**
 * Something to check.
 *
 * @typedef {object} Step
 * @property {string} name to ask for it by
 * @property {string} [part] which part of it, where steps share a name
 * @property {string[][]} commands arguments of node, run one after another, those behind a failed one too
 */

/**
 * @param {string[]} args of node
 * @param {string} cwd to run it in
 * @returns {Promise<{ output: string, failure: string | null }>} what it printed, and how it failed if it did
 */
function runNode(args, cwd) {
  return new Promise((resolve, reject) => {
    const color = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}
    const child = spawn(process.execPath, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...color },
    })
    /** @type {Buffer[]} */
    const chunks = []
    child.stdout.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk))
    child.stderr.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk))
    const end = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal)
    process.on('SIGINT', end)
    process.on('SIGTERM', end)
    child.once('error', reject)
    // Not `exit`: output may still be under way then.
    child.once('close', (code, signal) => {
      process.off('SIGINT', end)
      process.off('SIGTERM', end)
      const failure = code === 0 ? null : signal === null ? `exit code ${String(code)}` : `signal ${signal}`
      resolve({ output: Buffer.concat(chunks).toString().trim(), failure })
    })
  })
}

/**
 * Runs steps in their order, some at a time. Says when each begins, so that a log that breaks off shows where it was,
 * and when each ends, how, after how long, and what it printed.
 *
 * @param {Step[]} steps to run
 * @param {{ cwd: string, atOnce: number, print?: (line: string) => void }} options folder, how many at a time, and where the lines go (default: stdout)
 * @returns {Promise<string[]>} names of the steps that failed
 */
export async function runSteps(steps, { cwd, atOnce, print = console.log }) {
  /** @type {string[]} */
  const failed = []
  const waiting = [...steps]

  const runNext = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const name = step.part === undefined ? step.name : `${step.name} (${step.part})`
      print(`…    ${name}`)
      const began = performance.now()
      const results = []
      for (const command of step.commands) results.push(await runNode(command, cwd))
      const failures = results.flatMap(({ failure }) => failure ?? [])
      if (failures.length > 0) failed.push(name)
      const verdict = failures.length === 0 ? 'ok  ' : 'FAIL'
      const how = failures.map((failure) => `, ${failure}`).join('')
      print(`${verdict} ${name}, ${((performance.now() - began) / 1000).toFixed(1)} s${how}`)
      for (const { output } of results) if (output !== '') print(output.replace(/^/gm, '     '))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, runNext))
  return failed
}
