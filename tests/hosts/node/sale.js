'use strict'
// One sale: node sale.js PLUGIN SHOP COUPON

const { load, SCAN, RECEIPT } = require('./tillproof.js')

async function ring (t, shop, coupon, say = console.log) {
  const out = [null]
  t.open(shop, null, 0, out)
  const till = out[0]
  const begun = [0]
  t.sale_begin(till, '2026-000017', 'EUR', 0, begun)
  const sale = begun[0]

  const lines = [
    t.make('line', {
      number: 1, quantity: 2000, unit_price: 1299, tax: 7000, sku: '4006381333931', name: 'Espresso beans', category: 'coffee'
    }),
    t.make('line', {
      number: 2, quantity: 1000, unit_price: 450, tax: 19000, sku: '4001234567890', name: 'Grüner Tee', category: 'tea'
    })
  ]
  t.lines_set(till, sale, lines, lines.length)

  const presented = t.make('presentation')
  const digits = Buffer.from(coupon)
  t.present(till, sale, SCAN, digits, digits.length, presented)
  say('present', t.name(presented.outcome), presented.offer)

  const quote = t.make('quote')
  t.quote(till, sale, quote)
  say('quote', t.name(quote.outcome), 'due', quote.due)
  await t.hold(till, sale, 5000, quote)
  say('hold', t.name(quote.outcome), 'gross', quote.gross, 'discount', quote.discount, 'due', quote.due, 'tax', quote.tax)
  results(t, till, sale, quote, say)

  const done = t.make('commit')
  await t.commit(till, sale, 'R-17', [t.make('tender', { amount: quote.due, kind: 'card' })], 1, done)
  say('commit', t.name(done.outcome), done.due, 'redemptions', done.redemptions)
  say(receipt(t, till, sale).includes('10% off') ? 'text has' : 'text lacks', '10% off')
  const status = t.make('status')
  t.status(till, status)
  say('status', status.till, status.online ? 'online' : 'offline', 'refused', status.refused)
  await t.close(till, 5000)
  say('closed')
}

function results (t, till, sale, quote, say) {
  const each = (count, name, tell) => {
    for (let i = 0; i < count; i++) {
      const result = t.make(name)
      t[name](till, sale, i, result)
      tell(result)
    }
  }
  each(quote.lines, 'line_result', (line) => say('line', line.number, 'net', line.net, 'tax', line.tax))
  each(quote.shares, 'share_result', (share) => {
    say('share line', share.line, 'offer', share.offer, 'discount', share.discount)
  })
  each(quote.offers, 'offer_result', (offer) => say('offer', offer.offer, t.name(offer.outcome), offer.discount))
  each(quote.taxes, 'tax_result', (tax) => say('tax', tax.rate, tax.tax, 'of', tax.with_tax))
}

function receipt (t, till, sale) {
  const length = [0]
  t.text(till, sale, RECEIPT, null, length)
  const text = Buffer.alloc(length[0])
  t.text(till, sale, RECEIPT, text, length)
  return text.toString('utf8', 0, text.length - 1)
}

module.exports = { ring }

if (require.main === module) {
  ring(load(process.argv[2]), process.argv[3], process.argv[4])
}
