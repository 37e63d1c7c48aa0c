import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/**
 * The plugin in Java, by JNA: the structs and functions that a sale needs. Every function of
 * plugin/include/tillproof.h can be added in one line; the header says what it does. JNA calls with the thread that
 * calls it, so that other threads run on while one waits in a hold.
 */
public interface Tillproof extends Library {
    int VERSION = 1;
    int SCAN = 1;
    int RECEIPT = 1;

    int tillproof_version();
    String tillproof_name(int code);
    int tillproof_sizeof(int what);
    int tillproof_reason(byte[] text, IntByReference length);
    int tillproof_open(String directory, String till, int flags, PointerByReference handle);
    int tillproof_close(Pointer handle, int deadlineMs);
    int tillproof_status(Pointer handle, Status status);
    int tillproof_sale_begin(Pointer handle, String reference, String currency, int flags, LongByReference sale);
    int tillproof_lines_set(Pointer handle, long sale, Line[] lines, int count);
    int tillproof_present(Pointer handle, long sale, int kind, byte[] bytes, int length, Presentation result);
    int tillproof_quote(Pointer handle, long sale, Quote quote);
    int tillproof_hold(Pointer handle, long sale, int deadlineMs, Quote quote);
    int tillproof_commit(Pointer handle, long sale, String receipt, Tender[] tenders, int count, Commit result);
    int tillproof_line_result(Pointer handle, long sale, int index, LineResult result);
    int tillproof_share_result(Pointer handle, long sale, int index, ShareResult result);
    int tillproof_offer_result(Pointer handle, long sale, int index, OfferResult result);
    int tillproof_tax_result(Pointer handle, long sale, int index, TaxResult result);
    int tillproof_text(Pointer handle, long sale, int what, byte[] text, IntByReference length);

    /** Loads the plugin, and checks that it and this file mean the same. */
    static Tillproof load(String path) {
        Tillproof t = Native.load(path, Tillproof.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));
        if (t.tillproof_version() != VERSION) {
            throw new IllegalStateException("the plugin speaks another version");
        }
        Struct[] known = {new Status(), null, new Line(), new Presentation(), new Quote(), new Tender(), new Commit(),
            new LineResult(), new ShareResult(), new OfferResult(), new TaxResult()};
        for (int i = 0; i < known.length; i++) {
            if (known[i] != null && known[i].size != t.tillproof_sizeof(i + 1)) {
                throw new IllegalStateException(known[i].getClass().getName() + " is not as long as the plugin's");
            }
        }
        return t;
    }

    /** For every call: a code below zero is misuse or a fault. */
    static void check(Tillproof t, int code) {
        if (code < 0) {
            byte[] text = new byte[1024];
            t.tillproof_reason(text, new IntByReference(text.length));
            throw new IllegalStateException(t.tillproof_name(code) + ": " + text(text));
        }
    }

    /** The text in a member of a struct. */
    static String text(byte[] member) {
        int n = 0;
        while (n < member.length && member[n] != 0) {
            n++;
        }
        return new String(member, 0, n, StandardCharsets.UTF_8);
    }

    /** A text as a member of that many bytes; too long a one is refused here rather than cut. */
    static byte[] member(String text, int size) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length >= size) {
            throw new IllegalArgumentException("longer than " + (size - 1) + " bytes: " + text);
        }
        return Arrays.copyOf(bytes, size);
    }

    /** A struct of the header: its first member is its size, set here once for all. */
    abstract class Struct extends Structure {
        public int size;

        protected void sized() {
            size = size();
        }
    }

    @FieldOrder({"size", "online", "ready", "quarantined", "behind", "timeSure", "queue", "refused", "refusedReason",
        "conflicts", "timeMs", "epoch", "seq", "till", "store", "currency", "log"})
    class Status extends Struct {
        public int online, ready, quarantined, behind, timeSure, queue, refused, refusedReason, conflicts;
        public long timeMs, epoch, seq;
        public byte[] till = new byte[64], store = new byte[64], currency = new byte[4];
        public int log;

        public Status() {
            sized();
        }
    }

    @FieldOrder({"size", "reserved", "number", "quantity", "unitPrice", "tax", "sku", "name", "category"})
    class Line extends Struct {
        public int reserved;
        public long number, quantity, unitPrice, tax;
        public byte[] sku = new byte[64], name = new byte[96], category = new byte[64];

        public Line() {
            sized();
        }

        public void set(long number, long quantity, long unitPrice, long tax, String sku, String name,
                String category) {
            sized();
            this.number = number;
            this.quantity = quantity;
            this.unitPrice = unitPrice;
            this.tax = tax;
            this.sku = member(sku, 64);
            this.name = member(name, 96);
            this.category = member(category, 64);
        }
    }

    @FieldOrder({"size", "outcome", "id", "kind", "reserved", "offer", "title"})
    class Presentation extends Struct {
        public int outcome;
        public long id;
        public int kind, reserved;
        public byte[] offer = new byte[48], title = new byte[208];

        public Presentation() {
            sized();
        }
    }

    @FieldOrder({"size", "outcome", "reason", "lines", "shares", "offers", "taxes", "currency", "gross", "discount",
        "net", "tax", "due", "cashback", "holdLeftMs"})
    class Quote extends Struct {
        public int outcome, reason, lines, shares, offers, taxes;
        public byte[] currency = new byte[4];
        public long gross, discount, net, tax, due, cashback, holdLeftMs;

        public Quote() {
            sized();
        }
    }

    @FieldOrder({"size", "reserved", "amount", "kind", "reserved2"})
    class Tender extends Struct {
        public int reserved;
        public long amount;
        public byte[] kind = new byte[20];
        public int reserved2;

        public Tender() {
            sized();
        }
    }

    @FieldOrder({"size", "outcome", "binding", "redemptions", "due", "seq", "record"})
    class Commit extends Struct {
        public int outcome, binding, redemptions;
        public long due, seq;
        public byte[] record = new byte[72];

        public Commit() {
            sized();
        }
    }

    @FieldOrder({"size", "shares", "number", "gross", "discount", "net", "tax", "withoutTax", "withTax"})
    class LineResult extends Struct {
        public int shares;
        public long number, gross, discount, net, tax, withoutTax, withTax;

        public LineResult() {
            sized();
        }
    }

    @FieldOrder({"size", "offer", "line", "discount"})
    class ShareResult extends Struct {
        public int offer;
        public long line, discount;

        public ShareResult() {
            sized();
        }
    }

    @FieldOrder({"size", "outcome", "presentation", "version", "discount", "cashback", "missing", "atMs", "offer",
        "title", "funder", "atTill"})
    class OfferResult extends Struct {
        public int outcome;
        public long presentation, version, discount, cashback, missing, atMs;
        public byte[] offer = new byte[48], title = new byte[208], funder = new byte[72], atTill = new byte[64];

        public OfferResult() {
            sized();
        }
    }

    @FieldOrder({"size", "reserved", "rate", "tax", "withoutTax", "withTax"})
    class TaxResult extends Struct {
        public int reserved;
        public long rate, tax, withoutTax, withTax;

        public TaxResult() {
            sized();
        }
    }
}
