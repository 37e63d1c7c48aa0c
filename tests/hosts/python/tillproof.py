"""The plugin in Python, by ctypes of the standard library: the structs and functions that a sale needs.

    plugin = Plugin("/usr/lib/x86_64-linux-gnu/tillproof/tillproof.so")
    till = plugin.open("/var/lib/shop")

Every function of plugin/include/tillproof.h can be added in one line; the header says what it does. A call that
fails raises Error; what a cashier may meet (a used coupon, a line that is down) is an `outcome` and raises nothing.
ctypes lets other Python threads run while a call waits.
"""

import ctypes
from ctypes import byref, c_char, c_char_p, c_int32, c_int64, c_uint32, c_void_p, sizeof

VERSION = 1
SCAN, TYPED, CARD = 1, 2, 3
RECEIPT = 1


class Struct(ctypes.Structure):
    """A struct of the header: its first member is its size, set here once for all."""

    def __init__(self, **members):
        super().__init__(size=sizeof(self), **members)

    def text(self, member):
        return getattr(self, member).decode()


class Status(Struct):
    NUMBER = 1
    _fields_ = [("size", c_uint32), ("online", c_int32), ("ready", c_int32), ("quarantined", c_int32),
                ("behind", c_int32), ("time_sure", c_int32), ("queue", c_uint32), ("refused", c_uint32),
                ("refused_reason", c_int32), ("conflicts", c_uint32), ("time_ms", c_int64), ("epoch", c_int64),
                ("seq", c_int64), ("till", c_char * 64), ("store", c_char * 64), ("currency", c_char * 4),
                ("log", c_int32)]


class Line(Struct):
    NUMBER = 3
    _fields_ = [("size", c_uint32), ("reserved", c_uint32), ("number", c_int64), ("quantity", c_int64),
                ("unit_price", c_int64), ("tax", c_int64), ("sku", c_char * 64), ("name", c_char * 96),
                ("category", c_char * 64)]


class Presentation(Struct):
    NUMBER = 4
    _fields_ = [("size", c_uint32), ("outcome", c_int32), ("id", c_int64), ("kind", c_uint32),
                ("reserved", c_uint32), ("offer", c_char * 48), ("title", c_char * 208)]


class Quote(Struct):
    NUMBER = 5
    _fields_ = [("size", c_uint32), ("outcome", c_int32), ("reason", c_int32), ("lines", c_uint32),
                ("shares", c_uint32), ("offers", c_uint32), ("taxes", c_uint32), ("currency", c_char * 4),
                ("gross", c_int64), ("discount", c_int64), ("net", c_int64), ("tax", c_int64), ("due", c_int64),
                ("cashback", c_int64), ("hold_left_ms", c_int64)]


class Tender(Struct):
    NUMBER = 6
    _fields_ = [("size", c_uint32), ("reserved", c_uint32), ("amount", c_int64), ("kind", c_char * 20),
                ("reserved2", c_uint32)]


class Commit(Struct):
    NUMBER = 7
    _fields_ = [("size", c_uint32), ("outcome", c_int32), ("binding", c_int32), ("redemptions", c_uint32),
                ("due", c_int64), ("seq", c_int64), ("record", c_char * 72)]


class LineResult(Struct):
    NUMBER = 8
    _fields_ = [("size", c_uint32), ("shares", c_uint32), ("number", c_int64), ("gross", c_int64),
                ("discount", c_int64), ("net", c_int64), ("tax", c_int64), ("without_tax", c_int64),
                ("with_tax", c_int64)]


class ShareResult(Struct):
    NUMBER = 9
    _fields_ = [("size", c_uint32), ("offer", c_uint32), ("line", c_int64), ("discount", c_int64)]


class OfferResult(Struct):
    NUMBER = 10
    _fields_ = [("size", c_uint32), ("outcome", c_int32), ("presentation", c_int64), ("version", c_int64),
                ("discount", c_int64), ("cashback", c_int64), ("missing", c_int64), ("at_ms", c_int64),
                ("offer", c_char * 48), ("title", c_char * 208), ("funder", c_char * 72), ("at_till", c_char * 64)]


class TaxResult(Struct):
    NUMBER = 11
    _fields_ = [("size", c_uint32), ("reserved", c_uint32), ("rate", c_int64), ("tax", c_int64),
                ("without_tax", c_int64), ("with_tax", c_int64)]


HANDLE, OUT = c_void_p, c_void_p
FUNCTIONS = {
    "open": (c_char_p, c_char_p, c_uint32, OUT),
    "close": (HANDLE, c_uint32),
    "status": (HANDLE, OUT),
    "sale_begin": (HANDLE, c_char_p, c_char_p, c_uint32, OUT),
    "lines_set": (HANDLE, c_int64, c_void_p, c_uint32),
    "present": (HANDLE, c_int64, c_uint32, c_char_p, c_uint32, OUT),
    "quote": (HANDLE, c_int64, OUT),
    "hold": (HANDLE, c_int64, c_uint32, OUT),
    "commit": (HANDLE, c_int64, c_char_p, c_void_p, c_uint32, OUT),
    "line_result": (HANDLE, c_int64, c_uint32, OUT),
    "share_result": (HANDLE, c_int64, c_uint32, OUT),
    "offer_result": (HANDLE, c_int64, c_uint32, OUT),
    "tax_result": (HANDLE, c_int64, c_uint32, OUT),
    "text": (HANDLE, c_int64, c_uint32, c_char_p, OUT),
    "reason": (c_char_p, OUT),
}


class Error(Exception):
    def __init__(self, function, code, word, reason):
        super().__init__(f"tillproof_{function}: {word}: {reason}")
        self.code = code


class Plugin:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.tillproof_version.restype = c_uint32
        self.library.tillproof_sizeof.restype = c_uint32
        self.library.tillproof_name.restype = c_char_p
        for name, arguments in FUNCTIONS.items():
            function = getattr(self.library, "tillproof_" + name)
            function.restype, function.argtypes = c_int32, arguments
        if self.library.tillproof_version() != VERSION:
            raise ImportError("the plugin speaks another version")
        for struct in Struct.__subclasses__():
            if self.library.tillproof_sizeof(struct.NUMBER) != sizeof(struct):
                raise ImportError(f"{struct.__name__} is not as long as the plugin's")

    def name(self, code):
        return self.library.tillproof_name(code).decode()

    def call(self, function, *arguments):
        code = getattr(self.library, "tillproof_" + function)(*arguments)
        if code < 0:
            text, length = ctypes.create_string_buffer(1024), c_uint32(1024)
            self.library.tillproof_reason(text, byref(length))
            raise Error(function, code, self.name(code), text.value.decode())

    def open(self, directory, till=None):
        handle = c_void_p()
        self.call("open", directory.encode(), till and till.encode(), 0, byref(handle))
        return Till(self, handle)


class Till:
    def __init__(self, plugin, handle):
        self.plugin, self.handle = plugin, handle

    def close(self, deadline_ms=5000):
        handle, self.handle = self.handle, None
        self.plugin.call("close", handle, deadline_ms)

    def status(self):
        status = Status()
        self.plugin.call("status", self.handle, byref(status))
        return status

    def sale(self, reference, currency):
        sale = c_int64()
        self.plugin.call("sale_begin", self.handle, reference.encode(), currency.encode(), 0, byref(sale))
        return Sale(self, sale.value)


class Sale:
    def __init__(self, till, id):
        self.till, self.id = till, id

    def call(self, function, *arguments):
        self.till.plugin.call(function, self.till.handle, self.id, *arguments)

    def get(self, function, result, *arguments):
        self.call(function, *arguments, byref(result))
        return result

    def lines_set(self, lines):
        self.call("lines_set", (Line * len(lines))(*lines), len(lines))

    def present(self, kind, data):
        return self.get("present", Presentation(), kind, data, len(data))

    def quote(self):
        return self.get("quote", Quote())

    def hold(self, deadline_ms):
        return self.get("hold", Quote(), deadline_ms)

    def commit(self, receipt, tenders):
        return self.get("commit", Commit(), receipt.encode(), (Tender * len(tenders))(*tenders), len(tenders))

    def line(self, index):
        return self.get("line_result", LineResult(), index)

    def share(self, index):
        return self.get("share_result", ShareResult(), index)

    def offer(self, index):
        return self.get("offer_result", OfferResult(), index)

    def tax(self, index):
        return self.get("tax_result", TaxResult(), index)

    def text(self):
        length = c_uint32()
        self.call("text", RECEIPT, None, byref(length))
        text = ctypes.create_string_buffer(length.value)
        self.call("text", RECEIPT, text, byref(length))
        return text.value.decode()
