/* Files and folders that are written whole or not at all. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "base/bytes.h"
#include "base/code.h"

/* mkdtemp on a path that ends with XXXXXX; TP_E_READ_ONLY where nothing may be made, TP_E_IO. */
int file_temp_dir(char *path, struct err *e);
/* Removes a folder and what is in it, links not followed. */
void file_remove_tree(const char *path);
/* Makes a rename in the folder of `path` durable, as far as the file system can. */
void file_sync_parent(const char *path);
/* Writes to a temporary name beside path, syncs it, renames it to path. TP_E_READ_ONLY, TP_E_IO. */
int file_write(const char *path, struct bytes content, struct err *e);
/* Reads a whole file ("-": standard input) of at most out->max bytes. TP_E_IO. */
int file_read(const char *path, struct buf *out, struct err *e);

#endif
