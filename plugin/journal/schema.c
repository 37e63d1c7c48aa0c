#include "journal/internal.h"

const char journal_schema[] =
    /* one row: the till itself */
    "CREATE TABLE till ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1),"
    "  authority BLOB NOT NULL CHECK (length(authority) = 16),"
    "  name TEXT NOT NULL, store TEXT NOT NULL,"
    "  epoch INTEGER NOT NULL CHECK (epoch >= 1), seq INTEGER NOT NULL CHECK (seq >= 0),"
    "  d BLOB NOT NULL CHECK (length(d) = 32),"
    "  have INTEGER NOT NULL DEFAULT 0, outcomes INTEGER NOT NULL DEFAULT 0,"
    "  floor_ms INTEGER NOT NULL DEFAULT 0, behind INTEGER NOT NULL DEFAULT 0,"
    "  next_sale INTEGER NOT NULL DEFAULT 1,"
    "  card_key BLOB CHECK (card_key IS NULL OR length(card_key) = 32)) STRICT;"
    /* the chain, and with answer NULL the outbox: 0 taken, else the code of the refusal */
    "CREATE TABLE record ("
    "  n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL,"
    "  d BLOB NOT NULL UNIQUE CHECK (length(d) = 32), prev BLOB NOT NULL CHECK (length(prev) = 32),"
    "  time_ms INTEGER NOT NULL, raw BLOB NOT NULL, lines BLOB, person BLOB,"
    "  sale INTEGER, answer INTEGER, UNIQUE (epoch, seq)) STRICT;"
    "CREATE INDEX record_unsent ON record (n) WHERE answer IS NULL;"
    "CREATE INDEX record_refused ON record (n) WHERE answer <> 0;"
    "CREATE INDEX record_kind ON record (kind, n);"
    "CREATE INDEX record_sale ON record (sale) WHERE sale IS NOT NULL;"
    /* the replica */
    "CREATE TABLE public ("
    "  n INTEGER PRIMARY KEY, d BLOB NOT NULL UNIQUE CHECK (length(d) = 32), raw BLOB NOT NULL) STRICT;"
    "CREATE TABLE outcome ("
    "  record BLOB NOT NULL CHECK (length(record) = 32), redemption INTEGER NOT NULL,"
    "  reason INTEGER NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (record, redemption)) STRICT, WITHOUT "
    "ROWID;"
    "CREATE TABLE sale ("
    "  id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE,"
    "  uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16), currency TEXT NOT NULL,"
    "  rev INTEGER NOT NULL, state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),"
    "  receipt TEXT NOT NULL DEFAULT '', binding INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL DEFAULT 0,"
    "  redemptions INTEGER NOT NULL DEFAULT 0,"
    "  record BLOB CHECK (record IS NULL OR length(record) = 32), quote BLOB, text BLOB) STRICT;";

const char journal_schema_later[] =
    /* what came back of each commit's lines (offer 0) and offers (offer 1), all returns together */
    "CREATE TABLE IF NOT EXISTS returned ("
    "  record BLOB NOT NULL CHECK (length(record) = 32), offer INTEGER NOT NULL, place INTEGER NOT NULL,"
    "  quantity INTEGER NOT NULL, refunded INTEGER NOT NULL, taken_back INTEGER NOT NULL,"
    "  PRIMARY KEY (record, offer, place)) STRICT, WITHOUT ROWID;"
    /* one row, from the first sync on: the authority's time, apart from the floor that records raise */
    "CREATE TABLE IF NOT EXISTS told ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1), time_ms INTEGER NOT NULL) STRICT;"
    /* one row, from the first checkpoint on: the last that the authority named */
    "CREATE TABLE IF NOT EXISTS seen ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL CHECK (size > 0),"
    "  root BLOB NOT NULL CHECK (length(root) = 32)) STRICT;"
    /* the log's receipts, by the number of their record; and whose has not come: refused 0, or why the last
     * one was not taken */
    "CREATE TABLE IF NOT EXISTS receipt ("
    "  n INTEGER PRIMARY KEY, size INTEGER NOT NULL, place INTEGER NOT NULL, raw BLOB NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS receipt_due ("
    "  n INTEGER PRIMARY KEY, refused INTEGER NOT NULL DEFAULT 0) STRICT;"
    /* commits whose grant lives until then, by the number of their record; those that ended go with the next
     */
    "CREATE TABLE IF NOT EXISTS urgent (n INTEGER PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT;"
    /* one row: the signed checkpoint behind `seen` */
    "CREATE TABLE IF NOT EXISTS seen_signed ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1), raw BLOB NOT NULL) STRICT;"
    /* what the authority signed and should not have, each once: key, the record or the root that it is about;
     * seen, the signed checkpoint that it contradicts */
    "CREATE TABLE IF NOT EXISTS evidence ("
    "  n INTEGER PRIMARY KEY, what INTEGER NOT NULL, key BLOB NOT NULL CHECK (length(key) = 32),"
    "  time_ms INTEGER NOT NULL, raw BLOB NOT NULL, seen BLOB, UNIQUE (what, key)) STRICT;"
    /* what the program has not taken notice of; numbers are never used again */
    "CREATE TABLE IF NOT EXISTS notice ("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
    "  record BLOB NOT NULL CHECK (length(record) = 32), place INTEGER NOT NULL, reason INTEGER NOT NULL,"
    "  amount INTEGER NOT NULL, UNIQUE (kind, record, place)) STRICT;"
    /* what was decided of each offer: stage 0 by a hold that had no answer, 1 by the commit, 2 by an earlier
     * hold; reason 0: redeemed, for `amount`; alone: without the authority */
    "CREATE TABLE IF NOT EXISTS decided ("
    "  n INTEGER PRIMARY KEY, sale INTEGER NOT NULL, stage INTEGER NOT NULL CHECK (stage BETWEEN 0 AND 2),"
    "  alone INTEGER NOT NULL, offer BLOB NOT NULL CHECK (length(offer) = 8), batch INTEGER NOT NULL,"
    "  idx INTEGER NOT NULL, time_ms INTEGER NOT NULL, reason INTEGER NOT NULL, amount INTEGER NOT NULL) "
    "STRICT;"
    "CREATE INDEX IF NOT EXISTS decided_coupon ON decided (batch, idx);"
    "CREATE INDEX IF NOT EXISTS decided_sale ON decided (sale) WHERE stage = 0;"
    /* opening a journal counts these, and reads no others */
    "CREATE INDEX IF NOT EXISTS outcome_conflict ON outcome (record) WHERE reason <> 0;"
    "CREATE INDEX IF NOT EXISTS decided_alone ON decided (time_ms) WHERE alone = 1;"
    /* which of the decisions spend a lease */
    "CREATE TABLE IF NOT EXISTS leased (n INTEGER PRIMARY KEY, lease INTEGER NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS leased_lease ON leased (lease);"
    /* one row, once the journal was found behind and the till enrolled anew: the last epoch before that */
    "CREATE TABLE IF NOT EXISTS forgone ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL) STRICT;";
