/*
 * Pages of a database that say whether they are what was written: each ends with eight bytes, a checksum over
 * the rest and over its own number. A VFS of SQLite, put before the system's own, writes and reads them; a
 * page that a disk has changed, or has given for another, is SQLITE_CORRUPT and goes no further.
 *
 * What SQLite sees there, and what lies in the write-ahead log, are zeroes: the log has checksums of its own,
 * and another program that looks at a database or copies its log into it leaves pages that are taken without
 * one. A program that changes a page and is not ours leaves one that is refused, until that program has run
 * VACUUM. A database that was made without room for checksums is read and written as it is.
 */
#ifndef PAGES_PAGES_H
#define PAGES_PAGES_H

#include <sqlite3.h>

enum { PAGES_CHECKSUM = 8 };

/* Registers the VFS, which is from then on the default one of this copy of SQLite, and gives its name for
 * sqlite3_open_v2. NULL: SQLite has no memory. Any thread. */
const char *pages_vfs(void);
/* For a database that is open and still empty: its pages will have room. An SQLite code. */
int pages_reserve(sqlite3 *db);

#endif
