/** The package as `npm pack` makes it, installed into an app of its own. */

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

const shell = process.platform === 'win32'

/** The package as `npm pack` makes it, unpacked, of this run; not to be changed. */
export const packedPackage = join(repository, 'test-results/packed')

/** A fresh folder inside the repository, so that the package's dependencies are found in its node_modules. */
export function appFolder(prefix: string): string {
  mkdirSync(join(repository, '.cache'), { recursive: true })
  return mkdtempSync(join(repository, '.cache', `${prefix}-`))
}

/** Builds and packs the library: Playwright's global setup, after it has emptied `test-results`. */
export default function packPackage(): void {
  execFileSync('npm', ['run', 'build'], { cwd: repository, stdio: 'pipe', shell })
  const folder = appFolder('packing')
  const packing = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const report = execFileSync('npm', packing, { cwd: repository, encoding: 'utf8', shell, stdio: 'pipe' })
  const [{ filename }] = JSON.parse(report) as [{ filename: string }]
  execFileSync('tar', ['-xzf', filename], { cwd: folder })
  mkdirSync(join(repository, 'test-results'), { recursive: true })
  // Another run in the same folder may have packed meanwhile.
  rmSync(packedPackage, { recursive: true, force: true })
  renameSync(join(folder, 'package'), packedPackage)
  rmSync(folder, { recursive: true })
}

/** What a command did. */
export interface Ran {
  code: number | null
  output: string
}

/** An app that has the packed package in its `node_modules`; its dependencies are found in the repository's. */
export class PackedApp {
  /** Absolute. */
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static install(): PackedApp {
    const folder = appFolder('packed-app')
    cpSync(packedPackage, join(folder, 'node_modules/browser-embeddings'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true }))
    // Makes the link in node_modules/.bin, as an installation does, without asking any registry.
    execFileSync('npm', ['rebuild', '--ignore-scripts'], { cwd: folder, stdio: 'pipe', shell })
    return new PackedApp(folder)
  }

  /** Runs `npx browser-embeddings copy-assets` in the app. */
  npxCopyAssets(...words: string[]): Ran {
    const npx = ['--no', '--', 'browser-embeddings', 'copy-assets', ...words]
    const { status, stdout, stderr } = spawnSync('npx', npx, { cwd: this.folder, encoding: 'utf8', shell })
    return { code: status, output: stdout + stderr }
  }

  get #command(): string {
    return join(this.folder, 'node_modules/browser-embeddings/bin/browser-embeddings.mjs')
  }

  /** The same without npx, which takes longer than the command itself. */
  copyAssets(...words: string[]): Ran {
    const command = [this.#command, 'copy-assets', ...words]
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
      cwd: this.folder,
      encoding: 'utf8',
    })
    return { code: status, output: stdout + stderr }
  }

  /** The same without waiting, so that it can be interrupted and a server of this process can answer. */
  startCopyAssets(...words: string[]): { interrupt: () => void; ended: Promise<Ran> } {
    const child = spawn(process.execPath, [this.#command, 'copy-assets', ...words], { cwd: this.folder })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    return {
      interrupt: () => child.kill('SIGINT'),
      ended: new Promise((resolve, reject) => {
        child.on('error', reject)
        child.on('close', (code) => {
          resolve({ code, output })
        })
      }),
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
