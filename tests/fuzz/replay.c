/* A plain main for a target: each input of the folders and files named, once. For the tests. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

enum { INPUT_MAX = 1 << 20 };

static size_t inputs;

static void replay_file(const char *path)
{
    static uint8_t whole[INPUT_MAX];
    FILE *f = fopen(path, "rb");
    HOLDS(f != NULL);
    size_t n = fread(whole, 1, sizeof whole, f);
    fclose(f);
    HOLDS(n < sizeof whole);
    /* A copy of exactly its size, so that a sanitizer sees each byte read beyond it. */
    uint8_t *copy = malloc(n ? n : 1);
    HOLDS(copy != NULL);
    memcpy(copy, whole, n);
    if (getenv("VERBOSE")) {
        fprintf(stderr, "%s\n", path);
    }
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    inputs++;
}

static void replay(const char *path)
{
    struct stat st;
    HOLDS(stat(path, &st) == 0);
    if (!S_ISDIR(st.st_mode)) {
        replay_file(path);
        return;
    }
    struct dirent **entries = NULL;
    int n = scandir(path, &entries, NULL, alphasort);
    HOLDS(n >= 0);
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            replay_file(file);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        replay(argv[i]);
    }
    printf("%zu inputs replayed\n", inputs);
    return inputs == 0;
}
