/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer's place in a normal build: gives each file named on the command line, and each file
 * of each folder named, to the target that is linked in. A finding ends the program by a signal;
 * the file's name has then been printed. No file at all is a failure too.
 */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static size_t n_files;

/* In memory of exactly its size, so that a sanitizer sees a read behind the end. */
static bool replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    long bytes = -1;
    if (f && fseek(f, 0, SEEK_END) == 0)
        bytes = ftell(f);
    uint8_t *data = bytes < 0 ? NULL : malloc(bytes ? (size_t)bytes : 1);
    if (!data || fseek(f, 0, SEEK_SET) != 0 || fread(data, 1, (size_t)bytes, f) != (size_t)bytes) {
        fprintf(stderr, "%s: cannot be read\n", path);
        free(data);
        if (f)
            fclose(f);
        return false;
    }
    fclose(f);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, (size_t)bytes);
    free(data);
    n_files++;
    return true;
}

static bool replay(const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0 || !S_ISDIR(s.st_mode))
        return replay_file(path);
    DIR *folder = opendir(path);
    bool ok = folder != NULL;
    if (!ok)
        fprintf(stderr, "%s: cannot be listed\n", path);
    for (struct dirent *e = ok ? readdir(folder) : NULL; e && ok; e = readdir(folder)) {
        char file[4096];
        if (e->d_name[0] == '.')
            continue;
        int n = snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        ok = n > 0 && (size_t)n < sizeof file;
        if (ok && stat(file, &s) == 0 && S_ISREG(s.st_mode))
            ok = replay_file(file);
    }
    if (folder)
        closedir(folder);
    return ok;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!replay(argv[i]))
            return 1;
    printf("%zu inputs\n", n_files);
    return n_files ? 0 : 1;
}
