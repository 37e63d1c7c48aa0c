#!/bin/bash
# The quote of INTERFACES: the example, byte for byte.
. "$(dirname "$0")/lib.sh"
cat >coffee10.json <<'END'
{"id":"coffee10","version":1,"title":"10% off coffee","currency":"EUR","funder":"store",
 "redeem":["coupon","card"],
 "valid":{"from":"2026-11-01","until":"2026-12-31"},
 "needs":{"min_spend":"20.00","category":["coffee"]},
 "gives":{"percent":"10","cap":"5.00"}}
END
cat >tea5.json <<'END'
{"id":"tea5","version":1,"title":"5.00 off tea","currency":"EUR","funder":"store",
 "redeem":["coupon"],
 "valid":{"from":"2026-11-01","until":"2026-12-31"},
 "needs":{"min_spend":"33.38"},
 "gives":{"amount":"5.00"}}
END
cat >basket.json <<'END'
{"currency":"EUR","store":"mitte","time":"2026-11-22T10:00:00+01:00","prices_include_tax":true,
 "lines":[{"line":1,"sku":"4006381333931","name":"Espresso beans","category":"coffee",
           "quantity":"2","unit_price":"12.99","tax_percent":"7"}],
 "tenders":[{"kind":"card","amount":"23.38"}]}
END
cat >wanted.json <<'END'
{"currency":"EUR","gross":"25.98","discount":"2.60","net":"23.38","tax":"1.53","due":"23.38","cashback":"0.00","applied":[{"offer":"coffee10","discount":"2.60","funder":"store"}],"refused":[{"offer":"tea5","reason":"min_spend","missing":"7.40"}],"lines":[{"line":1,"gross":"25.98","discount":"2.60","net":"23.38","tax":"1.53","offers":{"coffee10":"2.60"}}]}
END
t quote --offers coffee10.json tea5.json --basket basket.json --coupon coffee10 --coupon tea5 >got.json 2>err.txt ||
    fail "quote: exit $?: $(cat err.txt)"
cmp got.json wanted.json || fail "got $(cat got.json)"

# The same by the plugin: a sale's quote has the same form and, for the same offers, the same bytes.
ok shop init shop --store mitte
sed -i 's/2026-11-01/2020-01-01/; s/2026-12-31/2099-12-31/' coffee10.json tea5.json
ok offer publish coffee10.json tea5.json --shop shop
ok coupon issue --shop shop --offer coffee10 --channel email --out c.png
ok coupon issue --shop shop --offer tea5 --channel email --out t.png
ok sale --shop shop --basket basket.json --scan t.png --scan c.png --json
printf '%s\n' "$out" | sed 's/.*"quote":\(.*\)}$/\1/' >sale.json
cmp sale.json wanted.json || fail "the sale got $(cat sale.json)"
