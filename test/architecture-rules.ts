/** The rules of the source tree (design: "Folders"), as functions of file names and texts. */

import { posix } from 'node:path'
import ts from 'typescript'

/** A file by its path in the repository, with `/` on every system. */
export interface SourceText {
  path: string
  text: string
}

/** Folder (or file) of `src/` → what of `src/` it may import, besides itself. Type imports count. */
const allowedArrows: Readonly<Record<string, readonly string[]>> = {
  index: ['client', 'models/store', 'rpc', 'openai'],
  openai: [],
  vectors: [],
  models: ['openai/errors'],
  engine: ['models', 'vectors', 'openai/errors'],
  // A kind of session, as those of engine/ are: it reads recipes and reports errors as they do.
  simd: ['engine', 'models/recipe', 'openai/errors'],
  rpc: ['openai'],
  worker: ['engine', 'models', 'openai', 'rpc', 'simd', 'vectors'],
  // Types only: what a store of the page's own must do.
  client: ['rpc', 'openai', 'models/store'],
  search: ['vectors', 'openai/errors'],
  adapters: ['index'],
}

/** Package → where it may be imported. */
const allowedPackages: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-web': ['src/engine/session.ts'],
  '@huggingface/tokenizers': ['src/engine/tokenizer.ts'],
  comlink: ['src/rpc/', 'src/worker/', 'src/client/'],
  '@ai-sdk/provider': ['src/adapters/ai-sdk.ts'],
  '@langchain/core': ['src/adapters/langchain.ts'],
  '@orama/orama': ['src/adapters/orama.ts'],
}

const publicNames = ['browser-embeddings', 'browser-embeddings/search']

/** The one place that may name another origin, and the only one it may name. */
const hubFile = 'src/models/hub-layout.ts'
const hubOrigin = 'https://huggingface.co'

/** Lines of a source file: above the first a file is listed, above the second it fails. */
const softLimit = 250
const hardLimit = 400

/** Every module that a file names: static and dynamic imports, re-exports, `import('…')` types. */
function importsOf(file: SourceText): string[] {
  return ts.preProcessFile(file.text, true, true).importedFiles.map(({ fileName }) => fileName)
}

/** Calls `visit` for every node of the file. */
function walk(file: SourceText, visit: (node: ts.Node) => void): void {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
  const descend = (node: ts.Node): void => {
    visit(node)
    ts.forEachChild(node, descend)
  }
  descend(source)
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.')
const resolveFrom = (file: SourceText, specifier: string): string =>
  posix.join(posix.dirname(file.path), specifier)

/** `src/openai/errors.ts` → `openai/errors`. */
const moduleName = (path: string): string => path.replace(/^src\//, '').replace(/\.ts$/, '')
const layerOf = (path: string): string => moduleName(path).split('/', 1)[0] ?? ''

function mayImport(from: string, to: string): boolean {
  const layer = layerOf(from)
  if (layer === layerOf(to)) return true
  return (allowedArrows[layer] ?? []).some(
    (allowed) => moduleName(to) === allowed || moduleName(to).startsWith(`${allowed}/`),
  )
}

/** Imports against the allowed arrows between the folders of `src/`. */
export function arrowViolations(files: readonly SourceText[]): string[] {
  const known = new Set(files.map(({ path }) => path))
  return files.flatMap((file) => {
    const unplaced =
      layerOf(file.path) in allowedArrows ? [] : [`${file.path}: a folder that the rules do not know`]
    const wrong = importsOf(file)
      .filter(isRelative)
      .flatMap((specifier) => {
        const target = resolveFrom(file, specifier)
        if (!known.has(target)) return [`${file.path}: imports ${specifier}, which is not a file of src/`]
        return mayImport(file.path, target) ? [] : [`${file.path}: may not import ${target}`]
      })
    return [...unplaced, ...wrong]
  })
}

/** Cycles of imports, each once, as `a → b → a`. */
export function importCycles(files: readonly SourceText[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter(isRelative)
        .map((name) => resolveFrom(file, name)),
    ]),
  )
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start !== -1) {
      cycles.push([...trail.slice(start), path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const target of edges.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return cycles
}

/** Packages imported from where they may not be. */
export function packageViolations(files: readonly SourceText[]): string[] {
  return files.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !isRelative(specifier))
      .flatMap((specifier) => {
        const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
        const places = allowedPackages[name] ?? []
        const allowed = places.some(
          (place) => file.path === place || (place.endsWith('/') && file.path.startsWith(place)),
        )
        return allowed ? [] : [`${file.path}: may not import ${specifier}`]
      }),
  )
}

/** What the demo imports besides its own files and the package's public names. */
export function demoViolations(files: readonly SourceText[]): string[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap((specifier) => {
      const allowed = isRelative(specifier)
        ? resolveFrom(file, specifier).startsWith('demo/')
        : publicNames.includes(specifier)
      return allowed ? [] : [`${file.path}: may not import ${specifier}`]
    }),
  )
}

/** Strings that name another origin, besides the hub's base in the one file that may. */
export function originViolations(files: readonly SourceText[]): string[] {
  const violations: string[] = []
  for (const file of files) {
    walk(file, (node) => {
      if (!ts.isStringLiteralLike(node) && !ts.isTemplateHead(node)) return
      if (!/^(?:https?:|wss?:)?\/\/[^/\s]/.test(node.text)) return
      if (file.path === hubFile && (node.text === hubOrigin || node.text.startsWith(`${hubOrigin}/`))) return
      violations.push(`${file.path}: names another origin, ${node.text}`)
    })
  }
  return violations
}

/** Relative `new URL('./x.js', import.meta.url)`, by which bundlers find workers, whose source is not there. */
export function workerUrlViolations(files: readonly SourceText[]): string[] {
  const known = new Set(files.map(({ path }) => path))
  const violations: string[] = []
  for (const file of files) {
    walk(file, (node) => {
      if (!ts.isNewExpression(node) || node.expression.getText() !== 'URL') return
      const [url, base] = node.arguments ?? []
      if (url === undefined || base?.getText() !== 'import.meta.url') return
      if (!ts.isStringLiteral(url))
        violations.push(`${file.path}: bundlers follow only a plain string, ${url.getText()}`)
      else if (/^\..*\.js$/.test(url.text) && !known.has(resolveFrom(file, url.text.replace(/\.js$/, '.ts')))) {
        violations.push(`${file.path}: no source for ${url.text}`)
      }
    })
  }
  return violations
}

/** File names that are not kebab-case, or say nothing of what is in the file. */
export function nameViolations(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const parts = path.split('/').map((part) => part.replace(/^\./, ''))
    const kebab = parts.every((part) => /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*$/.test(part))
    const stem = parts.at(-1)?.split('.', 1)[0] ?? ''
    return [
      ...(kebab ? [] : [`${path}: not in kebab-case`]),
      ...(/^(?:.*-)?(?:utils?|helpers?)$/.test(stem) ? [`${path}: name it after what it holds`] : []),
    ]
  })
}

/** Files that are longer than they should be (`long`) or may be (`violations`). */
export function lengthFindings(files: readonly SourceText[]): { long: string[]; violations: string[] } {
  const sized = files.map(({ path, text }) => ({ path, lines: text.replace(/\n$/, '').split('\n').length }))
  const describe = ({ path, lines }: { path: string; lines: number }): string =>
    `${path}: ${String(lines)} lines`
  return {
    long: sized.filter(({ lines }) => lines > softLimit && lines <= hardLimit).map(describe),
    violations: sized.filter(({ lines }) => lines > hardLimit).map(describe),
  }
}
