/** transformers.js in the page. */

import { drive } from './driver.ts'
import { readSetting } from './setting.ts'
import { openTransformers } from './transformers-library.ts'

drive(openTransformers(readSetting()))
