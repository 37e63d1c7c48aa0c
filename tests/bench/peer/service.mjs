// A coupon service as a competent team writes it in a day, to compare an authority with: Fastify over TLS 1.3, coupons
// that jose has signed (ES256), and one statement in PostgreSQL that uses a coupon up and books its redemption.
//
//   node service.mjs prepare FOLDER COUNT            makes the tables, a key, and COUNT requests: FOLDER/requests.txt
//   node service.mjs serve FOLDER PORT WORKERS       serves POST /redeem; FOLDER/server.pem and server.key are its certificate
//
// DATABASE_URL names the database.
import cluster from 'node:cluster'
import {createWriteStream, readFileSync, writeFileSync} from 'node:fs'
import {once} from 'node:events'
import Fastify from 'fastify'
import {CompactSign, compactVerify, exportJWK, generateKeyPair, importJWK} from 'jose'
import pg from 'pg'

const connections = 16 // of each worker
const [command, folder, ...rest] = process.argv.slice(2)

const tables = `
  DROP TABLE IF EXISTS redemption; DROP TABLE IF EXISTS coupon;
  CREATE TABLE coupon (id bigint PRIMARY KEY, offer text NOT NULL, used_at timestamptz);
  CREATE TABLE redemption (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, coupon bigint NOT NULL UNIQUE REFERENCES coupon,
    offer text NOT NULL, sale text NOT NULL UNIQUE, till text NOT NULL, amount bigint NOT NULL, at timestamptz NOT NULL DEFAULT now());`

const redeem = {
  name: 'redeem',
  text: `WITH used AS (UPDATE coupon SET used_at = now() WHERE id = $1 AND used_at IS NULL RETURNING id, offer)
    INSERT INTO redemption (coupon, offer, sale, till, amount) SELECT id, offer, $2, $3, $4 FROM used RETURNING id`,
}

async function prepare(count) {
  const client = new pg.Client(process.env.DATABASE_URL)
  await client.connect()
  await client.query(tables)
  await client.query("INSERT INTO coupon (id, offer) SELECT n, 'coffee10' FROM generate_series(1, $1::bigint) n", [count])
  await client.query('ANALYZE')
  await client.end()
  const {publicKey, privateKey} = await generateKeyPair('ES256', {extractable: true})
  writeFileSync(`${folder}/peer.json`, JSON.stringify(await exportJWK(publicKey)))
  const out = createWriteStream(`${folder}/requests.txt`)
  const text = new TextEncoder()
  for (let id = 1; id <= count; id++) {
    const payload = text.encode(JSON.stringify({id, offer: 'coffee10', exp: 4102444800}))
    const coupon = await new CompactSign(payload).setProtectedHeader({alg: 'ES256'}).sign(privateKey)
    const body = JSON.stringify({coupon, sale: `sale-${id}`, till: `till-${id % 256}`, amount: 300})
    if (!out.write(`${body}\n`)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}

async function serve(port) {
  const key = await importJWK(JSON.parse(readFileSync(`${folder}/peer.json`)), 'ES256')
  const pool = new pg.Pool({connectionString: process.env.DATABASE_URL, max: connections})
  const app = Fastify({
    https: {key: readFileSync(`${folder}/server.key`), cert: readFileSync(`${folder}/server.pem`), minVersion: 'TLSv1.3'},
  })
  const schema = {
    type: 'object',
    required: ['coupon', 'sale', 'till', 'amount'],
    properties: {coupon: {type: 'string'}, sale: {type: 'string'}, till: {type: 'string'}, amount: {type: 'integer'}},
  }
  app.get('/healthz', async () => 'ok')
  app.post('/redeem', {schema: {body: schema}}, async (request, reply) => {
    const {coupon, sale, till, amount} = request.body
    let payload
    try {
      payload = JSON.parse(new TextDecoder().decode((await compactVerify(coupon, key)).payload))
    } catch {
      return reply.code(400).send({reason: 'bad_signature'})
    }
    if (payload.exp * 1000 < Date.now()) return reply.code(409).send({reason: 'expired'})
    const {rows} = await pool.query({...redeem, values: [payload.id, sale, till, amount]})
    return rows.length ? {redemption: rows[0].id} : reply.code(409).send({reason: 'already_used'})
  })
  await app.listen({host: '127.0.0.1', port})
}

if (command === 'prepare') {
  await prepare(Number(rest[0]))
} else if (command === 'serve' && cluster.isPrimary) {
  for (let i = 0; i < Number(rest[1]); i++) cluster.fork()
  process.on('SIGTERM', () => process.exit(0)) // its workers end with it
} else if (command === 'serve') {
  await serve(Number(rest[0]))
} else {
  console.error('service.mjs: prepare FOLDER COUNT, or serve FOLDER PORT WORKERS')
  process.exit(2)
}
