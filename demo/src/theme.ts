import { byId } from './dom.ts'
import { readSetting, writeSetting } from './settings.ts'

const THEMES = ['system', 'light', 'dark'] as const
type Theme = (typeof THEMES)[number]

const FACES: Record<Theme, { icon: string; name: string }> = {
  system: { icon: '◐', name: 'System' },
  light: { icon: '☀', name: 'Light' },
  dark: { icon: '☾', name: 'Dark' },
}

/** The button that goes from the system's theme to light to dark. */
export function setUpTheme(): void {
  const button = byId('theme', HTMLButtonElement)
  let theme = readSetting('theme', THEMES, 'system')
  const show = (): void => {
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
    byId('theme-icon', HTMLElement).textContent = FACES[theme].icon
    byId('theme-name', HTMLElement).textContent = FACES[theme].name
    button.setAttribute('aria-label', `Theme: ${FACES[theme].name}. Change`)
  }
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system'
    writeSetting('theme', theme)
    show()
  })
  show()
}
