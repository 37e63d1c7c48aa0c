/* What a person hands to a verb as a coupon: a picture, a file, standard input, or the text itself. */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include "base/bytes.h"
#include "base/code.h"

enum { SCAN_BYTES_MAX = 4096 };

/*
 * Appends what a scanner would have sent. A picture (PNG or JPEG, by its first bytes) is decoded; of several
 * codes in it, a coupon goes first; it is searched by tillproof-helper, for half a minute at most. 0,
 * TP_NO_CODE, TP_BAD_PICTURE, TP_UNKNOWN_CODE (too long to be a scan), TP_E_IO, TP_E_TIMEOUT, TP_E_MEMORY.
 */
int scan_read(const char *given, struct buf *out, struct err *e);
/*
 * Appends a card's token: the word, which is then overwritten where it stands, so that a list of processes
 * shows it no longer; or for "-" the first line of standard input. TP_E_ARGUMENT when it is no token.
 */
int card_read(char *given, struct buf *out, struct err *e);

#endif
