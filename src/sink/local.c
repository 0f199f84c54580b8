#include "sink/local.h"
#include "sink/digest.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_PATH = 4096 };

static bool place(const char *data_dir, const char *key, char out[LONGEST_PATH], struct err *e)
{
    if (strstr(key, "..") || key[0] == '/') return err_set(e, ERR_INTERNAL, "sink_key", "key \"%s\" leads out of the sink", key);
    return snprintf(out, LONGEST_PATH, "%s/%s", data_dir, key) < LONGEST_PATH || err_set(e, ERR_INTERNAL, "sink_key", "key \"%s\" is too long", key);
}

static bool make_folders(char *path, struct err *e)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(path, 0700) && errno != EEXIST;
        if (failed) err_sys(e, ERR_DESTINATION, "sink", "cannot make folder \"%s\"", path);
        *slash = '/';
        if (failed) return false;
    }
    return true;
}

static bool sync_folder(char *path)
{
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return ok;
}

bool sink_put_local(const char *data_dir, const char *path, const char *key, int64_t *size, char sha256[65], struct err *e)
{
    char to[LONGEST_PATH];
    if (!place(data_dir, key, to, e) || !make_folders(to, e)) return false;
    if (strcmp(path, to) != 0 && rename(path, to)) return err_sys(e, ERR_DESTINATION, "sink", "cannot move \"%s\" to \"%s\"", path, to);
    int fd = open(to, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_sys(e, ERR_DESTINATION, "sink", "cannot open \"%s\"", to);
    bool ok = fsync(fd) == 0 || err_sys(e, ERR_DESTINATION, "sink", "cannot write \"%s\" to the disk", to);
    ok = ok && file_digest(fd, "SHA256", size, sha256, e);
    close(fd);
    return ok && (sync_folder(to) || err_sys(e, ERR_DESTINATION, "sink", "cannot write the folder of \"%s\" to the disk", key));
}

int sink_open_local(const char *data_dir, const char *key, struct err *e)
{
    char path[LONGEST_PATH];
    if (!place(data_dir, key, path, e)) return -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) err_fail(e, error_file_not_found);
    return fd;
}

static int erase_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path) && errno != ENOENT ? -1 : 0; /* gone by itself: the rest still has to go */
}

bool sink_erase_local(const char *data_dir, const char *folder, struct err *e)
{
    char path[LONGEST_PATH];
    if (!place(data_dir, folder, path, e)) return false;
    return nftw(path, erase_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT || err_sys(e, ERR_DESTINATION, "sink", "cannot delete \"%s\"", path);
}
