/** `npm run check` must never say that all is well when something is not. */

import { expect, test } from 'vitest'
import { runSteps } from '../../../tools/check/steps.mjs'

const cwd = import.meta.dirname
const script = (code: string): string[] => ['-e', code]

async function run(
  steps: Parameters<typeof runSteps>[0],
  atOnce = 2,
): Promise<{ failed: string[]; lines: string[] }> {
  const lines: string[] = []
  const failed = await runSteps(steps, { cwd, atOnce, print: (line) => lines.push(line) })
  // Times differ.
  return { failed, lines: lines.map((line) => line.replace(/\d+\.\d s/, 'N s')) }
}

test('a step has failed when one of its commands has, whichever; all of them run', async () => {
  const { failed, lines } = await run(
    [
      { name: 'first', commands: [script('process.exitCode = 3'), script('console.log("second ran")')] },
      { name: 'last', part: 'of two', commands: [script(''), script('console.error("why"); process.exit(1)')] },
      { name: 'killed', commands: [script('process.kill(process.pid, "SIGKILL")')] },
      { name: 'thrown', commands: [script('throw new Error("a fault")')] },
      { name: 'well', commands: [script('console.log("said\\nmore")'), script('')] },
    ],
    1,
  )
  expect(failed).toEqual(['first', 'last (of two)', 'killed', 'thrown'])
  expect(lines.slice(0, 8)).toEqual([
    '…    first',
    'FAIL first, N s, exit code 3',
    '     second ran',
    '…    last (of two)',
    'FAIL last (of two), N s, exit code 1',
    '     why',
    '…    killed',
    'FAIL killed, N s, signal SIGKILL',
  ])
  expect(lines.join('\n')).toContain('Error: a fault')
  expect(lines.slice(-3)).toEqual(['…    well', 'ok   well, N s', '     said\n     more'])
})

test('steps run beside each other, no more at a time than asked for', async () => {
  const waiting = (name: string): { name: string; commands: string[][] } => ({
    name,
    commands: [script('setTimeout(() => {}, 300)')],
  })
  const { failed, lines } = await run([waiting('a'), waiting('b'), waiting('c')])
  expect(failed).toEqual([])
  expect(lines.slice(0, 2)).toEqual(['…    a', '…    b'])
  expect(lines[2]).toMatch(/^ok {3}[ab], N s$/)
  expect(lines).toHaveLength(6)
})

test('a command that cannot be started is a failure', async () => {
  const steps = [{ name: 'lost', commands: [script('')] }]
  await expect(runSteps(steps, { cwd: `${cwd}/gone`, atOnce: 1, print: () => undefined })).rejects.toThrow(
    /ENOENT/,
  )
})
