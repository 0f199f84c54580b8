#include "provider/janus/janus_conf.h"
#include "base/arena.h"
#include "base/buf.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM_PLUGIN "plugins/libjanus_videoroom.so"

static void setting(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, "  %s = \"", name);
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\') buf_char(b, '\\');
        if ((unsigned char)*c >= ' ') buf_char(b, *c);
    }
    buf_text(b, "\"\n");
}

static bool find_modules(char root[PATH_MAX], struct err *e)
{
    static const char *const places[] = {"/usr/lib/*/janus/" ROOM_PLUGIN, "/usr/lib/janus/" ROOM_PLUGIN, "/usr/local/lib/janus/" ROOM_PLUGIN,
                                         "/opt/janus/lib/janus/" ROOM_PLUGIN};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        glob_t found;
        if (glob(places[i], 0, NULL, &found)) continue;
        snprintf(root, PATH_MAX, "%.*s", (int)(strlen(found.gl_pathv[0]) - strlen(ROOM_PLUGIN) - 1), found.gl_pathv[0]);
        globfree(&found);
        return true;
    }
    return err_set(e, ERR_INTERNAL, "janus_missing", "janus' videoroom plugin was not found under /usr/lib; install it: apt install janus");
}

/* Janus loads whatever lies in its folders unless it is named here. */
static void disable_all_but(struct buf *b, const char *root, const char *folder, const char *wanted)
{
    char path[PATH_MAX + 16];
    struct buf names;
    buf_init(&names, 0);
    snprintf(path, sizeof path, "%s/%s", root, folder);
    DIR *d = opendir(path);
    for (struct dirent *f; d && (f = readdir(d));) {
        size_t n = strlen(f->d_name);
        if (n < 4 || strcmp(f->d_name + n - 3, ".so") || !strcmp(f->d_name, wanted)) continue;
        if (names.size) buf_char(&names, ',');
        buf_text(&names, f->d_name);
    }
    if (d) closedir(d);
    buf_printf(b, "%s: {\n", folder);
    if (!strcmp(folder, "events")) buf_text(b, "  broadcast = false\n");
    if (names.size) setting(b, "disable", names.data);
    buf_text(b, "}\n");
    buf_release(&names);
}

static void folders(struct buf *b, const char *root)
{
    static const char *const names[] = {"plugins", "transports", "events", "loggers"};
    char key[32], path[PATH_MAX + 16];
    for (size_t i = 0; i < 4; i++) {
        snprintf(key, sizeof key, "%s_folder", names[i]);
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        setting(b, key, path);
    }
}

static void stun(struct buf *b, const char *server)
{
    const char *colon = strrchr(server, ':');
    char host[256];
    snprintf(host, sizeof host, "%.*s", (int)(colon ? colon - server : (long)strlen(server)), server);
    setting(b, "stun_server", host);
    buf_printf(b, "  stun_port = %d\n", colon ? atoi(colon + 1) : 3478);
}

static void general(struct buf *b, const struct janus_conf *c, const char *root)
{
    buf_text(b, "# written by roomd at every start of Janus; changes are lost\ngeneral: {\n");
    setting(b, "configs_folder", c->conf_dir);
    folders(b, root);
    setting(b, "api_secret", c->api_secret);
    setting(b, "admin_secret", c->admin_secret);
    buf_text(b, "  debug_level = 3\n  debug_timestamps = true\n  debug_colors = false\n  hide_dependencies = true\n  server_name = \"roomd\"\n"
                "  session_timeout = 0\n  reclaim_session_timeout = 30\n}\n");
    buf_printf(b, "media: {\n  rtp_port_range = \"%u-%u\"\n}\n", c->rtp_min, c->rtp_max);
    /* mDNS names of pages cannot be resolved here and need not be: the page connects to us. */
    buf_text(b, "nat: {\n  full_trickle = true\n  ice_tcp = false\n  ignore_mdns = true\n");
    if (c->nat_1_1 && *c->nat_1_1) setting(b, "nat_1_1_mapping", c->nat_1_1);
    if (c->stun && *c->stun) stun(b, c->stun);
    buf_text(b, "}\n");
    disable_all_but(b, root, "plugins", "libjanus_videoroom.so");
    disable_all_but(b, root, "transports", "libjanus_websockets.so");
    disable_all_but(b, root, "events", "");
    disable_all_but(b, root, "loggers", "");
}

static bool write_all(int fd, const struct buf *b)
{
    size_t done = 0;
    while (done < b->size) {
        ssize_t n = write(fd, b->data + done, b->size - done);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0) done += (size_t)n;
    }
    return true;
}

static bool same_already(const char *path, const struct buf *b)
{
    struct stat s;
    char *old = xmalloc(b->size + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool same = fd >= 0 && !fstat(fd, &s) && !(s.st_mode & 077) && read(fd, old, b->size + 1) == (ssize_t)b->size && !memcmp(old, b->data, b->size);
    if (fd >= 0) close(fd);
    free(old);
    return same;
}

/* A Janus that died while the disk is full can be started again: what stands there already is not written. */
static bool put(const struct janus_conf *c, const char *name, const struct buf *b, struct err *e)
{
    char path[PATH_MAX], fresh[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", c->conf_dir, name);
    snprintf(fresh, sizeof fresh, "%s/.%s.new", c->conf_dir, name);
    if (same_already(path, b)) return true;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && !fchmod(fd, 0600) && write_all(fd, b);
    if (fd >= 0) close(fd);
    if (good && !rename(fresh, path)) return true;
    return err_sys(e, ERR_INTERNAL, "janus_conf", "configuration file \"%s\" could not be written", path);
}

static void transport(struct buf *b)
{
    buf_text(b, "general: {\n  json = \"compact\"\n  ws = true\n  ws_unix = \"" JANUS_API_SOCKET "\"\n  wss = false\n  ws_logging = \"err,warn\"\n}\n"
                "admin: {\n  admin_ws = true\n  admin_ws_unix = \"" JANUS_ADMIN_SOCKET "\"\n  admin_wss = false\n}\n");
}

static void videoroom(struct buf *b, const struct janus_conf *c)
{
    buf_text(b, "general: {\n  lock_rtp_forward = true\n  string_ids = true\n");
    setting(b, "admin_key", c->room_admin_key);
    buf_text(b, "}\n");
}

bool janus_conf_write(const struct janus_conf *c, struct err *e)
{
    char root[PATH_MAX];
    struct buf b;
    if (!find_modules(root, e)) return false;
    buf_init(&b, 0);
    general(&b, c, root);
    bool good = put(c, "janus.jcfg", &b, e);
    buf_reset(&b);
    transport(&b);
    good = good && put(c, "janus.transport.websockets.jcfg", &b, e);
    buf_reset(&b);
    videoroom(&b, c);
    good = good && put(c, "janus.plugin.videoroom.jcfg", &b, e);
    buf_release(&b);
    return good;
}
