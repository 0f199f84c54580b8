/* static.c - the built pages. Paths without a dot are the page's own routes: they get index.html. */
#include "api/api.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"}, {".svg", "image/svg+xml"},
        {".png", "image/png"}, {".ico", "image/x-icon"}, {".json", "application/json"}, {".woff2", "font/woff2"}, {".webmanifest", "application/manifest+json"},
        {".txt", "text/plain; charset=utf-8"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (!strcmp(dot, types[i][0])) return types[i][1];
    return "application/octet-stream";
}

static void headers(struct http_request *h, bool page)
{
    http_reply_header(h, "X-Content-Type-Options", "nosniff");
    http_reply_header(h, "Referrer-Policy", "no-referrer"); /* join links carry a token */
    http_reply_header(h, "Cache-Control", page ? "no-cache" : "public, max-age=31536000, immutable");
    if (!page) return;
    http_reply_header(h, "Content-Security-Policy",
                      "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; style-src 'self' 'unsafe-inline'; "
                      "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'");
    http_reply_header(h, "Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)");
}

static bool serve(struct http_request *h, const char *web_dir, const char *name)
{
    struct stat st;
    int fd = open(arena_printf(&h->arena, "%s/%s", web_dir, name), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return false;
    }
    headers(h, strncmp(name, "assets/", 7) != 0);
    http_reply_file(h, 200, type_of(name), fd, 0, (uint64_t)st.st_size);
    return true;
}

static bool is_safe(const char *path)
{
    return !strstr(path, "..") && !strchr(path, '\\') && !strchr(path, '%');
}

bool static_serve(struct api *api, struct http_request *h)
{
    const char *web = core_config(api->core)->web_dir, *name = h->path + 1;
    if (!web || h->path[0] != '/' || !is_safe(h->path)) return false;
    if (!strcmp(name, "docs") || !strcmp(name, "redoc")) return serve(h, web, arena_printf(&h->arena, "%s.html", name));
    const char *last = strrchr(h->path, '/');
    if (!strchr(last, '.')) return serve(h, web, "index.html");
    return serve(h, web, name);
}
