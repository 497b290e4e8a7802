/** This library. */

import { drive } from './driver.ts'
import { ours } from './our-client.ts'

drive(ours)
