#include "drivers/hub/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static size_t read_whole(const char *path, uint8_t *out, size_t size)
{
    size_t n = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && n < size && (got = read(fd, out + n, size - n)) > 0) {
        n += (size_t)got;
    }
    if (fd >= 0) {
        close(fd);
    }
    return got < 0 ? 0 : n;
}

/* The interface's folder has one "0003:VVVV:PPPP.NNNN" (bus 3 is USB) while the kernel's HID driver has it.
 */
size_t sysfs_descriptor(const char *device, unsigned int configuration, unsigned int interface, uint8_t *out,
                        size_t size)
{
    char folder[128], path[512];
    size_t n = 0;
    snprintf(folder, sizeof folder, "/sys/bus/usb/devices/%s:%u.%u", device, configuration, interface);
    DIR *d = opendir(folder);
    for (struct dirent *entry = NULL; d && n == 0 && (entry = readdir(d)) != NULL;) {
        if (strncmp(entry->d_name, "0003:", 5) == 0) {
            snprintf(path, sizeof path, "%s/%s/report_descriptor", folder, entry->d_name);
            n = read_whole(path, out, size);
        }
    }
    if (d) {
        closedir(d);
    }
    return n;
}
