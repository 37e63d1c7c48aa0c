// node rules.mjs LINES OFFERS ROUNDS: prices the baskets of ../basket.c by json-rules-engine and prints one line:
// offers applied, discount in minor units, prices computed, nanoseconds at the median and at p99, and on average.
//
// A rule is an offer: "2% on category c, from this much of it on". In its favour: the rules are made once, before the
// clock runs; one condition says category and minimum spend at once, on a plain fact; no discount is shared over
// lines, and there is neither tax nor stacking to see to. The rest is the same work: from lines to the discount.
import { Engine } from 'json-rules-engine'

const [lines, offers, rounds] = process.argv.slice(2).map(Number)

const basket = Array.from({ length: lines }, (_, i) => ({
  category: `c${i % 20}`,
  quantity: 1 + (i % 3),
  price: 199 + ((i * 37) % 50) * 20
}))

const engine = new Engine([], { allowUndefinedFacts: true })
for (let i = 0; i < offers; i++) {
  const category = `c${i % 50}`
  engine.addRule({
    conditions: {
      all: [{
        fact: category,
        operator: 'greaterThanInclusive',
        value: Math.max(1, (Math.floor(i / 50) % 5) * 1000)
      }]
    },
    event: { type: 'percent', params: { category, percent: 2, place: i } }
  })
}

const MOST = 64 // offers on one basket: what a commit has room for

const price = async () => {
  const spent = {}
  for (const line of basket) {
    spent[line.category] = (spent[line.category] ?? 0) + line.quantity * line.price
  }
  const { events } = await engine.run(spent)
  let applied = 0, discount = 0
  if (events.length > MOST) { // which ones then depends on the order: by what each alone would save
    const alone = ({ params }) => Math.round(spent[params.category] * params.percent / 100)
    events.sort((a, b) => alone(b) - alone(a) || a.params.place - b.params.place)
  }
  for (const { params } of events) {
    const off = Math.round(spent[params.category] * params.percent / 100)
    if (off > 0 && applied < MOST) {
      spent[params.category] -= off
      discount += off
      applied++
    }
  }
  return { applied, discount }
}

const ENOUGH_NS = 1_000_000_000n
const times = []
const first = await price() // and warms up
for (let i = 0; i < Math.min(rounds, 50); i++) {
  await price()
}
const begin = process.hrtime.bigint()
for (let i = 0; i < rounds; i++) {
  const from = process.hrtime.bigint()
  if (i >= 3 && from - begin > ENOUGH_NS) {
    break
  }
  await price()
  times.push(Number(process.hrtime.bigint() - from))
}
const mean = times.reduce((a, b) => a + b, 0) / times.length
times.sort((a, b) => a - b)
const at = (percent) => times[Math.max(0, Math.ceil(times.length * percent / 100) - 1)]
console.log(first.applied, first.discount, times.length, at(50), at(99), mean.toFixed(0))
