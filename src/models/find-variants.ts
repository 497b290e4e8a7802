/** The graphs that a model's folder offers: by its list of files, or by asking for one after another. */

import { EmbeddingsError } from '../openai/errors.ts'
import { noSuchDtype, offers } from './dtype-choice.ts'
import type { ModelFolder } from './model-folder.ts'
import { graphFile, offeredGraphs, PREFERENCE, variantsOf, type OfferedGraph } from './offered-graphs.ts'
import type { Device, ModelVariant } from './recipe.ts'

export interface WantedGraphs {
  /** The devices that may be used: where there is no list, what no device wants is not asked for. */
  devices: readonly Device[]
  /** The caller's choice; null: chosen per device. */
  dtype: string | null
  /** Dtypes that do not suit the model. */
  unsuitable: readonly string[]
}

/**
 * The model's variants, best first.
 *
 * @param id of the model, for messages
 * @throws EmbeddingsError `model_file_not_found` when the folder has no graph, `invalid_value` when it has none of the
 *   wanted dtype; whatever the folder throws
 */
export async function findVariants(id: string, folder: ModelFolder, wanted: WantedGraphs): Promise<ModelVariant[]> {
  const { files } = folder
  const found = files === null ? await probeGraphs(folder, wanted) : offeredGraphs(sizes(files))
  const graphs = found.filter(({ dtype }) => !wanted.unsuitable.includes(dtype))
  const variants = variantsOf(graphs, wanted.dtype)
  if (variants.length > 0) return variants
  if (wanted.dtype === null || (files !== null && graphs.length === 0)) throw noGraph(id, folder, wanted)
  const has = files === null ? `its folder lacks ${graphFile(wanted.dtype)}` : offers(graphs.map(({ dtype }) => dtype))
  throw noSuchDtype(id, wanted.dtype, has)
}

function noGraph(id: string, { files }: ModelFolder, { devices }: WantedGraphs): EmbeddingsError {
  const tried = [...new Set(devices.flatMap(namesFor))].map(graphFile).join(', ')
  const looked = files === null ? `tried: ${tried}` : 'looked for onnx/model*.onnx in its list of files'
  return new EmbeddingsError('model_file_not_found', `The folder of ${id} has no graph; ${looked}.`)
}

function sizes(files: NonNullable<ModelFolder['files']>): Map<string, number> {
  return new Map([...files.values()].map(({ path, bytes }) => [path, bytes]))
}

const namesFor = (device: Device): string[] => [
  ...new Set(PREFERENCE[device].map((name) => name.replace(' small', ''))),
]

/**
 * Asks for as little as possible. On the CPU the first graph is as good as any; which one a GPU can run is not known yet,
 * so there the two best are looked for, and only without both the small ones.
 */
async function probeGraphs(folder: ModelFolder, wanted: WantedGraphs): Promise<OfferedGraph[]> {
  const asked = new Map<string, Promise<boolean>>()
  const has = (dtype: string): Promise<boolean> => {
    const answer = asked.get(dtype) ?? folder.has(graphFile(dtype))
    asked.set(dtype, answer)
    return answer
  }
  const among = async (dtypes: readonly string[]): Promise<string[]> => {
    const there = await Promise.all(dtypes.map(has))
    return dtypes.filter((_, index) => there[index])
  }
  const found = new Set<string>()
  if (wanted.dtype !== null) for (const dtype of await among([wanted.dtype])) found.add(dtype)
  else {
    if (wanted.devices.includes('wasm')) {
      for (const dtype of namesFor('wasm')) {
        if (!(await has(dtype))) continue
        found.add(dtype)
        break
      }
    }
    if (wanted.devices.includes('webgpu')) {
      const best = await among(['fp16', 'fp32'])
      for (const dtype of best.length > 0 ? best : await among(['q4f16', 'q4'])) found.add(dtype)
    }
  }
  return Promise.all(
    [...found].map(async (dtype) => {
      const file = graphFile(dtype)
      return { dtype, file, externalData: await externalDataOf(folder, file), bytes: null }
    }),
  )
}

/** More parts than a graph of four gigabytes would have. */
const MOST_PARTS = 64

async function externalDataOf(folder: ModelFolder, file: string): Promise<string[]> {
  const parts: string[] = []
  while (parts.length < MOST_PARTS) {
    const path = `${file}_data${parts.length === 0 ? '' : `_${String(parts.length)}`}`
    if (!(await folder.has(path))) break
    parts.push(path)
  }
  return parts
}
