/* What the daemon says of itself: one line each on standard error, with the level in journald's form. */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

/* Levels of syslog(3), as sd-daemon(3) writes them before a line. */
enum { LOG_FAULT = 3, LOG_WARN = 4, LOG_SAY = 6 };

/* One write a line, cut at 500 bytes, control characters replaced. Nothing that was sent by a client and no
 * secret belongs in it. Any thread. */
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
