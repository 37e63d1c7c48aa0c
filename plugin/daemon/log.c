#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void log_line(int level, const char *format, ...)
{
    char line[512];
    va_list args;
    int head = snprintf(line, sizeof line, "<%d>", level);
    va_start(args, format);
    int n = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
    va_end(args);
    size_t all = (size_t)head + (n > 0 ? (size_t)n : 0);
    if (all > sizeof line - 2) {
        all = sizeof line - 2;
    }
    for (size_t i = 0; i < all; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F) {
            line[i] = ' ';
        }
    }
    line[all++] = '\n';
    /* A log that nobody takes is no reason to stop. */
    ssize_t done = write(STDERR_FILENO, line, all);
    (void)done;
}
