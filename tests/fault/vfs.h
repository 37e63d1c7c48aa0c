/* What vfs.c and disk.c share: a file of the counting VFS, and a disk that lies or rots. */
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

#include "fault.h"

#include <sqlite3.h>
#include <stdio.h>

struct file {
    sqlite3_file base;
    sqlite3_file *real;
    bool main; /* a database, not its log */
    char path[256];
};

/* A file was opened: what is there now is on the disk. */
void lie_opened(const struct file *f);
/* True when this sync says yes and does nothing; else what the file holds is on the disk from now on. */
bool lie_sync(const struct file *f);
/* Turns a byte that is read. */
void rot_read(const struct file *f, void *p, int n, sqlite3_int64 at);

#endif
