/* Tells the service manager how the daemon stands (sd_notify(3)), where there is one. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/* One datagram to the socket that NOTIFY_SOCKET names: lines NAME=VALUE. Without one, nothing. */
void notify(const char *state);
/* RELOADING=1 with the time at which it began; READY=1 is to follow. */
void notify_reloading(void);
/* WATCHDOG=1, where the manager waits for it. */
void notify_alive(void);

#endif
