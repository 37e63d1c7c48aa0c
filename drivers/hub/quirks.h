/* quirks/devices.list, read: a pure function over its text. */
#ifndef DRIVERS_HUB_QUIRKS_H
#define DRIVERS_HUB_QUIRKS_H

#include "drivers/driver.h"

/* The list that is compiled in. */
struct bytes quirks_builtin(void);

/* The first row for this device. True when there is one; *out is zero otherwise. A wrong row fits nothing. */
bool quirks_find(struct bytes list, uint16_t vendor, uint16_t product, struct driver_quirk *out);

/* 0, or TP_BAD_VALUE with the line's number: a row that is not in the format. */
int quirks_check(struct bytes list, struct err *e);

#endif
