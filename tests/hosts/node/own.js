'use strict'
// Node's own OpenSSL and, where it has one, SQLite before, between, during and after the calls of a sale, in one
// process: node own.js PLUGIN SHOP COUPON

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const { execFileSync } = require('node:child_process')
const { load } = require('./tillproof.js')
const { ring } = require('./sale.js')

// FIPS 180-2, B.1; RFC 4231, test case 2.
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
const JEFE = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'

const pair = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
const secret = crypto.randomBytes(32)
const openssl = process.versions.openssl

function digests () {
  assert.equal(crypto.createHash('sha256').update('abc').digest('hex'), ABC)
  assert.equal(crypto.createHmac('sha256', 'Jefe').update('what do ya want for nothing?').digest('hex'), JEFE)
  assert.equal(process.versions.openssl, openssl)
}

function signs () {
  const text = crypto.randomBytes(100)
  const signature = crypto.sign('sha256', text, pair.privateKey)
  assert.equal(crypto.verify('sha256', text, pair.publicKey, signature), true)
  text[0] ^= 1
  assert.equal(crypto.verify('sha256', text, pair.publicKey, signature), false)
}

function seals () {
  const nonce = crypto.randomBytes(12)
  const text = crypto.randomBytes(50)
  const seal = crypto.createCipheriv('aes-256-gcm', secret, nonce)
  const sealed = Buffer.concat([seal.update(text), seal.final()])
  const open = crypto.createDecipheriv('aes-256-gcm', secret, nonce)
  open.setAuthTag(seal.getAuthTag())
  assert.deepEqual(Buffer.concat([open.update(sealed), open.final()]), text)
}

// node:sqlite came with Node 22.
function database () {
  let sqlite
  try {
    sqlite = require('node:sqlite')
  } catch {
    return () => {}
  }
  const db = new sqlite.DatabaseSync('own.db')
  db.exec('PRAGMA journal_mode=WAL; CREATE TABLE sale(due INTEGER)')
  let rows = 0
  return () => {
    db.exec('INSERT INTO sale VALUES (7)')
    rows++
    const { n, sum } = db.prepare('SELECT count(*) AS n, sum(due) AS sum FROM sale').get()
    assert.deepEqual([n, sum], [rows, 7 * rows])
  }
}

// OpenSSL on the threads of Node's pool, beside the plugin's calls there.
async function during (stop) {
  let rounds = 0
  while (!stop.now) {
    const [key, signature] = await Promise.all([
      new Promise((resolve, reject) => crypto.pbkdf2('passwd', 'salt', 1, 16, 'sha256',
        (error, key) => error ? reject(error) : resolve(key))),
      new Promise((resolve, reject) => crypto.sign('sha256', Buffer.from('abc'), pair.privateKey,
        (error, signature) => error ? reject(error) : resolve(signature)))
    ])
    assert.equal(key.toString('hex'), '55ac046e56e3089fec1691c22544b605') // RFC 7914, 11
    assert.equal(crypto.verify('sha256', Buffer.from('abc'), pair.publicKey, signature), true)
    rounds++
  }
  return rounds
}

async function main (path, shop, coupon) {
  const store = database()
  const work = () => {
    digests()
    signs()
    seals()
    store()
  }
  let calls = 0
  const between = (call) => {
    work()
    const result = call() // of a call that waits, a promise: what follows runs beside it
    work()
    calls++
    return result
  }
  const stop = { now: false }
  work()
  const rounds = during(stop)
  await ring(load(path, between), shop, coupon)
  assert.equal(execFileSync('/bin/echo', ['from a child']).toString(), 'from a child\n')
  stop.now = true
  assert.ok(await rounds > 0)
  work()
  assert.ok(calls > 15)
}

main(...process.argv.slice(2))
