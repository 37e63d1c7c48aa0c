'use strict'
// The plugin in Node, by koffi: the structs and functions that a sale needs. Every function of
// plugin/include/tillproof.h can be added in one line; the header says what it does.
//
// Calls that may wait (hold, close) or write to the disk (commit) run on a thread of Node's pool and return a promise,
// so that the event loop goes on. tillproof_reason tells of the calling thread's last failure only: after a failed
// promise there is the code's word, and no sentence.

const koffi = require('koffi')
const { promisify } = require('node:util')

const VERSION = 1
const SCAN = 1
const RECEIPT = 1

koffi.opaque('tillproof')
const text = (size) => koffi.array('char', size)
const numbers = (type, names) => Object.fromEntries(names.split(' ').map((name) => [name, type]))
const int32s = (names) => numbers('int32_t', names)
const uint32s = (names) => numbers('uint32_t', names)
const int64s = (names) => numbers('int64_t', names)

// Each struct of the header with its number for tillproof_sizeof. The order of the members is the header's.
const structs = {
  status: [1, {
    ...uint32s('size'), ...int32s('online ready quarantined behind time_sure'), ...uint32s('queue refused'),
    ...int32s('refused_reason'), ...uint32s('conflicts'), ...int64s('time_ms epoch seq'), till: text(64),
    store: text(64), currency: text(4), ...int32s('log')
  }],
  line: [3, {
    ...uint32s('size reserved'), ...int64s('number quantity unit_price tax'), sku: text(64), name: text(96),
    category: text(64)
  }],
  presentation: [4, {
    ...uint32s('size'), ...int32s('outcome'), ...int64s('id'), ...uint32s('kind reserved'), offer: text(48),
    title: text(208)
  }],
  quote: [5, {
    ...uint32s('size'), ...int32s('outcome reason'), ...uint32s('lines shares offers taxes'), currency: text(4),
    ...int64s('gross discount net tax due cashback hold_left_ms')
  }],
  tender: [6, { ...uint32s('size reserved'), ...int64s('amount'), kind: text(20), ...uint32s('reserved2') }],
  commit: [7, {
    ...uint32s('size'), ...int32s('outcome binding'), ...uint32s('redemptions'), ...int64s('due seq'), record: text(72)
  }],
  line_result: [8, {
    ...uint32s('size shares'), ...int64s('number gross discount net tax without_tax with_tax')
  }],
  share_result: [9, { ...uint32s('size offer'), ...int64s('line discount') }],
  offer_result: [10, {
    ...uint32s('size'), ...int32s('outcome'), ...int64s('presentation version discount cashback missing at_ms'),
    offer: text(48), title: text(208), funder: text(72), at_till: text(64)
  }],
  tax_result: [11, { ...uint32s('size reserved'), ...int64s('rate tax without_tax with_tax') }]
}
for (const [name, [, members]] of Object.entries(structs)) {
  koffi.struct(`tillproof_${name}`, members)
}

// A struct with its size set, and zero or nothing in every member that is not given.
function make (name, given = {}) {
  const made = {}
  for (const [member, type] of Object.entries(structs[name][1])) {
    made[member] = typeof type === 'string' ? 0 : ''
  }
  return { ...made, size: koffi.sizeof(`tillproof_${name}`), ...given }
}

const prototypes = {
  open: 'const char *directory, const char *till, uint32_t flags, _Out_ tillproof **handle',
  close: 'tillproof *handle, uint32_t deadline_ms',
  status: 'tillproof *handle, _Inout_ tillproof_status *status',
  sale_begin: 'tillproof *handle, const char *reference, const char *currency, uint32_t flags, _Out_ int64_t *sale',
  lines_set: 'tillproof *handle, int64_t sale, const tillproof_line *lines, uint32_t count',
  present: 'tillproof *handle, int64_t sale, uint32_t kind, const uint8_t *bytes, uint32_t length, ' +
    '_Inout_ tillproof_presentation *presentation',
  quote: 'tillproof *handle, int64_t sale, _Inout_ tillproof_quote *quote',
  hold: 'tillproof *handle, int64_t sale, uint32_t deadline_ms, _Inout_ tillproof_quote *quote',
  commit: 'tillproof *handle, int64_t sale, const char *receipt, const tillproof_tender *tenders, uint32_t count, ' +
    '_Inout_ tillproof_commit *result',
  line_result: 'tillproof *handle, int64_t sale, uint32_t index, _Inout_ tillproof_line_result *result',
  share_result: 'tillproof *handle, int64_t sale, uint32_t index, _Inout_ tillproof_share_result *result',
  offer_result: 'tillproof *handle, int64_t sale, uint32_t index, _Inout_ tillproof_offer_result *result',
  tax_result: 'tillproof *handle, int64_t sale, uint32_t index, _Inout_ tillproof_tax_result *result',
  text: 'tillproof *handle, int64_t sale, uint32_t what, _Out_ char *buf, _Inout_ uint32_t *length',
  reason: '_Out_ char *buf, _Inout_ uint32_t *length'
}
const waiting = ['close', 'hold', 'commit']

// Loads the plugin, checks that it and this file mean the same, and returns its functions by their short names. A code
// below zero is thrown, or rejects the promise; `name` gives every code its word. `around(call)` is called for
// every call, when given.
function load (path, around = (call) => call()) {
  const library = koffi.load(path)
  const name = library.func('const char *tillproof_name(int32_t code)')
  const sizeOf = library.func('uint32_t tillproof_sizeof(uint32_t what)')
  if (library.func('uint32_t tillproof_version()')() !== VERSION) {
    throw new Error('the plugin speaks another version')
  }
  for (const [struct, [number]] of Object.entries(structs)) {
    if (sizeOf(number) !== koffi.sizeof(`tillproof_${struct}`)) {
      throw new Error(`tillproof_${struct} is not as long as the plugin's`)
    }
  }
  const plugin = { name, make }
  const raw = {}
  for (const [short, parameters] of Object.entries(prototypes)) {
    raw[short] = library.func(`int32_t tillproof_${short}(${parameters})`)
  }
  const reason = () => {
    const buffer = Buffer.alloc(1024)
    raw.reason(buffer, [buffer.length])
    return buffer.toString('utf8', 0, buffer.indexOf(0))
  }
  const check = (short, code, why) => {
    if (code < 0) {
      throw Object.assign(new Error(`tillproof_${short}: ${name(code)}${why}`), { code })
    }
  }
  for (const short of Object.keys(prototypes)) {
    const later = promisify(raw[short].async)
    plugin[short] = waiting.includes(short)
      ? async (...values) => check(short, await around(() => later(...values)), '')
      : (...values) => {
          const code = around(() => raw[short](...values))
          check(short, code, code < 0 ? `: ${reason()}` : '')
        }
  }
  return plugin
}

module.exports = { load, SCAN, RECEIPT }
