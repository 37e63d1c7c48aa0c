/* Files and folders that are written whole or not at all. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "base/bytes.h"
#include "base/code.h"

#include <stdio.h>

/* mkdtemp on a path that ends with XXXXXX; TP_E_READ_ONLY where nothing may be made, TP_E_IO. */
int file_temp_dir(char *path, struct err *e);
/* Removes a folder and what is in it, links not followed. */
void file_remove_tree(const char *path);
/* Makes a rename in the folder of `path` durable, as far as the file system can. */
void file_sync_parent(const char *path);
enum { FILE_NOW, FILE_LATER };
/* Writes to a temporary name beside path and renames it to path; synced before the rename, or FILE_LATER by
 * file_sync_all. TP_E_READ_ONLY, TP_E_IO. */
int file_write(const char *path, struct bytes content, int when, struct err *e);
/* The same for what is written piece by piece, for the owner's eyes alone (0600). file_stream_end renames it
 * to `path` when `keep`, else removes it; call it once. */
struct file_stream {
    const char *path;
    char temp[4096];
    FILE *file;
};
int file_stream_begin(const char *path, struct file_stream *out, struct err *e);
int file_stream_end(struct file_stream *s, bool keep, struct err *e);
/* Makes everything that was written in the folder durable. TP_E_IO. */
int file_sync_all(const char *folder, struct err *e);
/* Reads a whole file ("-": standard input) of at most out->max bytes. TP_E_IO. */
int file_read(const char *path, struct buf *out, struct err *e);

#endif
