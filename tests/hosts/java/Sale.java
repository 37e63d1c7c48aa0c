import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;

/** One sale: java Sale PLUGIN SHOP COUPON */
public class Sale {
    public static void main(String[] args) {
        ring(Tillproof.load(args[0]), args[1], args[2]);
    }

    static void ring(Tillproof t, String shop, String coupon) {
        PointerByReference opened = new PointerByReference();
        Tillproof.check(t, t.tillproof_open(shop, null, 0, opened));
        Pointer till = opened.getValue();
        LongByReference begun = new LongByReference();
        Tillproof.check(t, t.tillproof_sale_begin(till, "2026-000017", "EUR", 0, begun));
        long sale = begun.getValue();

        // toArray makes the items lie one after the other, as an array in C does.
        Tillproof.Line[] lines = (Tillproof.Line[]) new Tillproof.Line().toArray(2);
        lines[0].set(1, 2000, 1299, 7000, "4006381333931", "Espresso beans", "coffee");
        lines[1].set(2, 1000, 450, 19000, "4001234567890", "Gr\u00fcner Tee", "tea");
        Tillproof.check(t, t.tillproof_lines_set(till, sale, lines, lines.length));

        Tillproof.Presentation presented = new Tillproof.Presentation();
        byte[] digits = coupon.getBytes(StandardCharsets.US_ASCII);
        Tillproof.check(t, t.tillproof_present(till, sale, Tillproof.SCAN, digits, digits.length, presented));
        say("present", t.tillproof_name(presented.outcome), Tillproof.text(presented.offer));

        Tillproof.Quote quote = new Tillproof.Quote();
        Tillproof.check(t, t.tillproof_quote(till, sale, quote));
        say("quote", t.tillproof_name(quote.outcome), "due", quote.due);
        Tillproof.check(t, t.tillproof_hold(till, sale, 5000, quote));
        say("hold", t.tillproof_name(quote.outcome), "gross", quote.gross, "discount", quote.discount, "due", quote.due,
            "tax", quote.tax);
        results(t, till, sale, quote);

        Tillproof.Tender[] tenders = (Tillproof.Tender[]) new Tillproof.Tender().toArray(1);
        tenders[0].amount = quote.due;
        tenders[0].kind = Tillproof.member("card", 20);
        Tillproof.Commit done = new Tillproof.Commit();
        Tillproof.check(t, t.tillproof_commit(till, sale, "R-17", tenders, 1, done));
        say("commit", t.tillproof_name(done.outcome), done.due, "redemptions", done.redemptions);
        say(receipt(t, till, sale).contains("10% off") ? "text has" : "text lacks", "10% off");
        Tillproof.Status status = new Tillproof.Status();
        Tillproof.check(t, t.tillproof_status(till, status));
        say("status", Tillproof.text(status.till), status.online == 1 ? "online" : "offline", "refused",
            status.refused);
        Tillproof.check(t, t.tillproof_close(till, 5000));
        say("closed");
    }

    private static void results(Tillproof t, Pointer till, long sale, Tillproof.Quote quote) {
        for (int i = 0; i < quote.lines; i++) {
            Tillproof.LineResult line = new Tillproof.LineResult();
            Tillproof.check(t, t.tillproof_line_result(till, sale, i, line));
            say("line", line.number, "net", line.net, "tax", line.tax);
        }
        for (int i = 0; i < quote.shares; i++) {
            Tillproof.ShareResult share = new Tillproof.ShareResult();
            Tillproof.check(t, t.tillproof_share_result(till, sale, i, share));
            say("share line", share.line, "offer", share.offer, "discount", share.discount);
        }
        for (int i = 0; i < quote.offers; i++) {
            Tillproof.OfferResult offer = new Tillproof.OfferResult();
            Tillproof.check(t, t.tillproof_offer_result(till, sale, i, offer));
            say("offer", Tillproof.text(offer.offer), t.tillproof_name(offer.outcome), offer.discount);
        }
        for (int i = 0; i < quote.taxes; i++) {
            Tillproof.TaxResult tax = new Tillproof.TaxResult();
            Tillproof.check(t, t.tillproof_tax_result(till, sale, i, tax));
            say("tax", tax.rate, tax.tax, "of", tax.withTax);
        }
    }

    private static String receipt(Tillproof t, Pointer till, long sale) {
        IntByReference length = new IntByReference();
        Tillproof.check(t, t.tillproof_text(till, sale, Tillproof.RECEIPT, null, length));
        byte[] text = new byte[length.getValue()];
        Tillproof.check(t, t.tillproof_text(till, sale, Tillproof.RECEIPT, text, length));
        return Tillproof.text(text);
    }

    private static void say(Object... words) {
        StringBuilder line = new StringBuilder();
        for (Object word : words) {
            line.append(line.length() == 0 ? "" : " ").append(word);
        }
        System.out.println(line);
    }
}
