/* Time zones of this machine's C library, as steps that a policy carries. Sets TZ of this process. */
#ifndef CLI_ZONES_H
#define CLI_ZONES_H

#include "wire/terms.h"

enum { ZONE_STEPS_MAX = 128 };

/*
 * The zone's changes of offset from the beginning of the year before now_ms to the end of the tenth year
 * after it; the first step stands for all before. TP_E_ARGUMENT for a name that this machine does not know.
 */
int zone_steps_of(const char *name, int64_t now_ms, struct zone_step steps[ZONE_STEPS_MAX], size_t *n,
                  struct err *e);

#endif
