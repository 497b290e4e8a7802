/** The libraries and settings that stand beside one another. */

import { hasHubModel, hubModel } from './locations.mjs'

/**
 * One library under one setting; lives in one page or frame.
 *
 * @typedef {object} Host
 * @property {string} id
 * @property {string} label for tables
 * @property {boolean} peer true for transformers.js
 * @property {boolean} onHubFile true where it runs the hub's file, which a fresh clone has not
 * @property {string} page
 * @property {object} setting read by the page
 * @property {import('./build-pages.mjs').PageMode} [mode] build of the page; 'bench' by default
 */

/**
 * This library on the model in this repository.
 *
 * @param {string} id
 * @param {string} label
 * @param {object} [options] of the client
 * @returns {Host}
 */
export function ours(id, label, options = {}) {
  const setting = { model: 'all-MiniLM-L6-v2', options: { modelsUrl: '/models/', device: 'wasm', ...options } }
  return { id, label: `this library, ${label}`, peer: false, onHubFile: false, page: 'ours.html', setting }
}

/**
 * This library on the very file that transformers.js runs.
 *
 * @returns {Host}
 */
export function oursOnHubFile() {
  const options = { modelsUrl: '/shared-models/', device: 'wasm' }
  return {
    id: 'ours-hub',
    label: "this library, the hub's file",
    peer: false,
    onHubFile: true,
    page: 'ours.html',
    setting: { model: hubModel, options },
  }
}

/**
 * @param {string} id
 * @param {string} label
 * @param {object} [setting] what differs from transformers.js' own choices
 * @returns {Host}
 */
export function transformers(id, label, setting = {}) {
  return {
    id,
    label: `transformers.js, ${label}`,
    peer: true,
    onHubFile: true,
    page: 'transformers.html',
    setting: {
      model: hubModel,
      modelsUrl: '/shared-models/',
      runtimeUrl: '/peer-runtime/',
      build: 'asyncify',
      device: 'wasm',
      dtype: 'q8',
      threads: null,
      ...setting,
    },
  }
}

/**
 * onnxruntime-web with the tokenizer and nothing else, as one would write it by hand: the release that this library
 * uses, on the hub's file.
 *
 * @param {number} threads more than one only in an isolated page
 * @returns {Host}
 */
export function plainOnnxruntime(threads) {
  return {
    id: 'plain-onnxruntime',
    label: `onnxruntime-web by hand, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    peer: false,
    onHubFile: true,
    page: 'plain-onnxruntime.html',
    setting: { folder: `/shared-models/${hubModel}/`, threads },
  }
}

/**
 * Without the hub's file there is nothing that both could run.
 *
 * @template {Host | { host: Host }} T
 * @param {T[]} wanted hosts, or what runs on one
 * @returns {T[]} those that this machine has the files for
 */
export function available(wanted) {
  if (hasHubModel) return wanted
  return wanted.filter((one) => !('host' in one ? one.host : one).onHubFile)
}
