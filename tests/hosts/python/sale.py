"""One sale: python3 sale.py PLUGIN SHOP COUPON"""

import sys

from tillproof import SCAN, Line, Plugin, Tender


def ring(plugin, shop, coupon, say=print):
    name = plugin.name
    till = plugin.open(shop)
    sale = till.sale("2026-000017", "EUR")
    sale.lines_set([
        Line(number=1, quantity=2000, unit_price=1299, tax=7000, sku=b"4006381333931", name=b"Espresso beans",
             category=b"coffee"),
        Line(number=2, quantity=1000, unit_price=450, tax=19000, sku=b"4001234567890", name="Grüner Tee".encode(),
             category=b"tea"),
    ])
    presented = sale.present(SCAN, coupon.encode())
    say("present", name(presented.outcome), presented.text("offer"))
    quote = sale.quote()
    say("quote", name(quote.outcome), "due", quote.due)
    quote = sale.hold(5000)
    say("hold", name(quote.outcome), "gross", quote.gross, "discount", quote.discount, "due", quote.due, "tax",
        quote.tax)
    for i in range(quote.lines):
        line = sale.line(i)
        say("line", line.number, "net", line.net, "tax", line.tax)
    for i in range(quote.shares):
        share = sale.share(i)
        say("share line", share.line, "offer", share.offer, "discount", share.discount)
    for i in range(quote.offers):
        offer = sale.offer(i)
        say("offer", offer.text("offer"), name(offer.outcome), offer.discount)
    for i in range(quote.taxes):
        tax = sale.tax(i)
        say("tax", tax.rate, tax.tax, "of", tax.with_tax)
    done = sale.commit("R-17", [Tender(amount=quote.due, kind=b"card")])
    say("commit", name(done.outcome), done.due, "redemptions", done.redemptions)
    say("text has" if "10% off" in sale.text() else "text lacks", "10% off")
    status = till.status()
    say("status", status.text("till"), "online" if status.online else "offline", "refused", status.refused)
    till.close()
    say("closed")


if __name__ == "__main__":
    ring(Plugin(sys.argv[1]), sys.argv[2], sys.argv[3])
