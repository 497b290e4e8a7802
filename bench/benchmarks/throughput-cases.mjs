/** What embeds the passages, in which calls, how often, and how many of them. */

import { ours, oursOnHubFile, plainOnnxruntime, transformers } from '../runner/hosts.mjs'

/** Texts a call, as an app sends them; transformers.js pads them all to the longest. */
export const PER_CALL = 32

/**
 * @typedef {object} Case
 * @property {string} id
 * @property {import('../runner/hosts.mjs').Host} host
 * @property {number} perCall
 * @property {string} label
 * @property {number} [rounds] that it takes part in; all by default
 * @property {number} [sample] passages that it embeds, evenly drawn; all by default
 */

/** @returns {Case} */
function inCalls(host, perCall, how, limits = {}) {
  const part = limits.sample === undefined ? '' : `, ${limits.sample} of them`
  return { host, perCall, label: `${host.label}, ${how}${part}`, id: `${host.id}/${perCall}`, ...limits }
}

const oneByOne = (host, limits) => inCalls(host, 1, 'one by one', limits)

/** transformers.js by default, and as fast as it gets: with threads where there are some, with a smaller runtime elsewhere. */
function peersOf(isolated, cores) {
  const plain = transformers('peer-plain', '1 thread, WASM-only runtime', { threads: 1, build: '' })
  if (!isolated) return { peer: transformers('peer', 'defaults'), best: plain, others: [] }
  const best = transformers('peer-threads', `${cores} threads`, { threads: cores })
  return { peer: transformers('peer', 'defaults'), best, others: [plain] }
}

/** Of calls that take several times as long as anything else, so many passages, once: more is not worth the minutes. */
const sampleOf = (thorough, sample, count) => (thorough || sample >= count ? {} : { rounds: 1, sample })

/** Every setting on as many passages as all of them can take in several rounds. */
export function settingCases({ isolated, cores, count, thorough }) {
  const standard = ours('ours', 'defaults')
  // What no budget asks for takes part in fewer rounds.
  const [twice, once] = thorough ? [{}, {}] : [{ rounds: 2 }, { rounds: 1 }]
  const whole = (host, limits) => inCalls(host, count, `one call of ${count}`, limits)
  const { peer, best, others } = peersOf(isolated, cores)
  return [
    whole(standard),
    whole(oursOnHubFile()),
    inCalls(standard, PER_CALL, `calls of ${PER_CALL}`),
    // Neither knows whether the page is isolated.
    ...(isolated
      ? [
          whole(ours('ours-single', 'workers: 1', { workers: 1 }), twice),
          whole({ ...ours('ours-plain', 'a browser without relaxed SIMD'), mode: 'plain' }, twice),
        ]
      : []),
    whole(ours('ours-onnxruntime', "cpuRuntime: 'onnxruntime'", { cpuRuntime: 'onnxruntime' }), twice),
    oneByOne(plainOnnxruntime(isolated ? cores : 1), once),
    oneByOne(peer),
    oneByOne(best),
    ...others.map((host) => oneByOne(host, once)),
    inCalls(peer, PER_CALL, `calls of ${PER_CALL}`, sampleOf(thorough, 2 * PER_CALL, count)),
  ]
}

/** Many passages: one call, calls of 32, and the rate of transformers.js. */
export function largeCases({ isolated, cores, count, sample, thorough }) {
  const standard = ours('ours', 'defaults')
  const { peer, best } = peersOf(isolated, cores)
  return [
    inCalls(standard, count, `one call of ${count}`),
    inCalls(standard, PER_CALL, `calls of ${PER_CALL}`, sampleOf(thorough, 4 * sample, count)),
    oneByOne(peer, sampleOf(thorough, sample, count)),
    oneByOne(best, sampleOf(thorough, sample, count)),
    inCalls(peer, PER_CALL, `calls of ${PER_CALL}`, sampleOf(thorough, 2 * PER_CALL, count)),
  ]
}
