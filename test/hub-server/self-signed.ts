/** A certificate for a test's https server, made when it starts, so that no private key lies in the repository. */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** One DER value (X.690): tag, length, content. */
function der(tag: number, ...content: (Uint8Array | readonly number[])[]): Buffer {
  const body = Buffer.concat(content.map((part) => Uint8Array.from(part)))
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Uint8Array.from([tag, ...size]), body])
}

const SEQUENCE = 0x30
const SET = 0x31
const INTEGER = 0x02
const OID = 0x06
const UTF8 = 0x0c
const UTC_TIME = 0x17
const BITS = 0x03

/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256. */
const ECDSA_SHA256 = der(SEQUENCE, der(OID, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]))
/** 2.5.4.3, commonName. */
const COMMON_NAME = der(OID, [0x55, 0x04, 0x03])

const utcTime = (date: Date): Buffer =>
  der(UTC_TIME, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`

/** An X.509 v1 certificate that names nobody: the browser is started so that it does not ask. */
export function selfSigned(): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8, Buffer.from('test')))))
  const day = 86_400_000
  const validity = der(SEQUENCE, utcTime(new Date(Date.now() - day)), utcTime(new Date(Date.now() + day)))
  // Positive: the first bit is clear.
  const serial = der(INTEGER, [1, ...randomBytes(8)])
  const keyInfo = publicKey.export({ type: 'spki', format: 'der' })
  const content = der(SEQUENCE, serial, ECDSA_SHA256, name, validity, name, keyInfo)
  const signature = der(BITS, [0], sign('sha256', content, privateKey))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem('CERTIFICATE', der(SEQUENCE, content, ECDSA_SHA256, signature)),
  }
}
