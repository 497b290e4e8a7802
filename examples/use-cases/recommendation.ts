/** Recommends what is like the things that somebody liked, and unlike those that they did not. */

import { cosine, embed, mean } from './vectors.ts'

export const FILMS: Readonly<Record<string, string>> = {
  'Red Planet Down': 'Astronauts stranded on Mars repair their ship before the air runs out.',
  'The Long Orbit': 'A space station crew drifts towards a black hole and votes on who may leave.',
  'Signal from Europa': 'Scientists drill through the ice of a moon of Jupiter and hear something answer.',
  'Sugar and Salt': 'Two rival bakers in Lyon fall in love over a wedding cake.',
  'The Last Harvest': 'A family of wine growers fights over the estate after the father dies.',
  'Summer at the Lake': 'Three sisters spend a holiday at the lake and talk about old love affairs.',
  'Night Shift': 'A detective hunts a killer who strikes only in car parks.',
  'The Cold Case': 'A retired policewoman reopens the murder that ended her career.',
}

const titles = Object.keys(FILMS)
const vectors = embed(Object.values(FILMS))

/** Titles that somebody does not know yet, best first. */
export async function recommend(liked: string[], disliked: string[] = []): Promise<string[]> {
  const all = await vectors
  const tasteOf = (names: string[]): number[] => mean(names.map((name) => all[titles.indexOf(name)] ?? []))
  const wanted = tasteOf(liked)
  const unwanted = disliked.length === 0 ? null : tasteOf(disliked)
  const score = (vector: number[]): number =>
    cosine(wanted, vector) - (unwanted === null ? 0 : cosine(unwanted, vector))
  return titles
    .map((title, index) => ({ title, score: score(all[index] ?? []) }))
    .filter(({ title }) => !liked.includes(title) && !disliked.includes(title))
    .sort((a, b) => b.score - a.score)
    .map(({ title }) => title)
}
