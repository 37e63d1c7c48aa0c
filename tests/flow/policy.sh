#!/bin/bash
# The shop's policy is changed, version after version, and tills take it with their next sync.
. "$(dirname "$0")/lib.sh"
shop
basket basket.json 20.00
get() {
    printf '%s' "$out" | json "$1"
}

ok policy show --shop shop --json
same "the first one" "$(get "d['version'], d['currency'], d['timezone'], d['tax'], d['tax_manufacturer_coupons'], d['offline_age_minutes'], d['risk_coupon_cap'], d['risk_hour_cap'], d['card_stripe'], d['loyalty']")" \
    "(1, 'EUR', 'Europe/Berlin', 'included', 'after', 1440, '0.00', '0.00', False, [])"
ok policy set --shop shop offline-age=7d risk-coupon-cap=5.00 risk-hour-cap=50 card-stripe=yes loyalty=KD-,99
has "what is told" "$out" '^version +2$'
ok policy show --shop shop --json
same "the second" "$(get "d['version'], d['offline_age_minutes'], d['risk_coupon_cap'], d['risk_hour_cap'], d['card_stripe'], d['loyalty'], d['tax'], d['timezone']")" \
    "(2, 10080, '5.00', '50.00', True, ['KD-', '99'], 'included', 'Europe/Berlin')"

# A till takes it when it hears of it, and goes by it after that.
for i in 1 2 3 4 5; do
    ok sale --shop shop --basket basket.json --reference "S-$i"
    ok policy show --shop shop --till till1 --json
    [ "$(get "d['version']")" = 2 ] && break
done
same "the till's" "$(get "d['version'], d['risk_coupon_cap']")" "(2, '5.00')"
ok policy set --shop shop risk-coupon-cap=1 loyalty= tax=added timezone=America/New_York tax-manufacturer-coupons=before offline-age=90m --json
same "the third" "$(get "d['version'], d['risk_coupon_cap'], d['risk_hour_cap'], d['loyalty'], d['tax'], d['timezone'], d['tax_manufacturer_coupons'], d['offline_age_minutes']")" \
    "(3, '1.00', '50.00', [], 'added', 'America/New_York', 'before', 90)"
ok policy show --shop shop --till till1 --json
same "until it hears" "$(get "d['version']")" 2
for i in 6 7 8 9 10; do
    ok sale --shop shop --basket basket.json --reference "S-$i"
    ok policy show --shop shop --till till1 --json
    [ "$(get "d['version']")" = 3 ] && break
done
same "and then" "$(get "d['version'], d['risk_coupon_cap'], d['offline_age_minutes']")" "(3, '1.00', 90)"

# Nothing changes by what is wrong.
unchanged shop/authority 2 argument policy set --shop shop offline-age=7
unchanged shop/authority 2 argument policy set --shop shop offline-age=-1h
unchanged shop/authority 2 argument policy set --shop shop risk-coupon-cap=-1
unchanged shop/authority 2 argument policy set --shop shop risk-coupon-cap=1.001
unchanged shop/authority 2 argument policy set --shop shop risk-hour-cap=5.00 risk-coupon-cap=much
unchanged shop/authority 2 argument policy set --shop shop card-stripe=maybe
unchanged shop/authority 2 argument policy set --shop shop loyalty=a,,b
unchanged shop/authority 2 argument policy set --shop shop timezone=Nowhere/Never
unchanged shop/authority 2 argument policy set --shop shop currency=USD
unchanged shop/authority 2 argument policy set --shop shop colour=red
unchanged shop/authority 2 argument policy set --shop shop offline-age
unchanged shop/authority 2 argument policy set --shop shop
no '[13]' '[a-z_]+' policy set --shop shop offline-age=99999d
no 3 no_shop policy set --shop nowhere tax=added
no 3 no_shop policy show --shop shop --till nobody
ok policy show --shop shop --json
same "still the third" "$(get "d['version']")" 3

# Two at once are two versions; none is lost.
t policy set --shop shop risk-hour-cap=7.00 >/dev/null &
t policy set --shop shop risk-coupon-cap=2.00 >/dev/null
wait
ok policy show --shop shop --json
same "both" "$(get "d['version'], d['risk_coupon_cap'], d['risk_hour_cap']")" "(5, '2.00', '7.00')"
ok audit --shop shop
