#include "sink/digest.h"
#include "net/crypto.h"
#include <openssl/evp.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

bool file_digest(int fd, const char *algorithm, int64_t *size, char hex[DIGEST_TEXT], struct err *e)
{
    unsigned char chunk[CHUNK], hash[EVP_MAX_MD_SIZE];
    unsigned length;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    ssize_t n;
    EVP_DigestInit_ex(c, EVP_get_digestbyname(algorithm), NULL);
    for (*size = 0; (n = pread(fd, chunk, sizeof chunk, *size)) > 0; *size += n) EVP_DigestUpdate(c, chunk, (size_t)n);
    EVP_DigestFinal_ex(c, hash, &length);
    EVP_MD_CTX_free(c);
    hex_text(hash, length, hex);
    return n == 0 || err_sys(e, ERR_DESTINATION, "sink", "cannot read a file for its checksum");
}

static void *digest_part(void *arg)
{
    struct part_digest *d = arg;
    unsigned char chunk[CHUNK], hash[EVP_MAX_MD_SIZE];
    unsigned length;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    int64_t at = d->offset, end = d->offset + d->size;
    ssize_t n;
    EVP_DigestInit_ex(c, EVP_sha256(), NULL);
    while (at < end && (n = pread(d->fd, chunk, (size_t)(end - at < CHUNK ? end - at : CHUNK), at)) > 0) {
        EVP_DigestUpdate(c, chunk, (size_t)n);
        at += n;
    }
    EVP_DigestFinal_ex(c, hash, &length);
    EVP_MD_CTX_free(c);
    hex_text(hash, length, d->hex);
    d->ok = at == end;
    return NULL;
}

void part_digest_begin(struct part_digest *d, int fd, int64_t offset, int64_t size)
{
    *d = (struct part_digest){.fd = fd, .offset = offset, .size = size};
    d->by_thread = !pthread_create(&d->thread, NULL, digest_part, d);
}

bool part_digest_end(struct part_digest *d, struct err *e)
{
    if (d->by_thread) pthread_join(d->thread, NULL);
    else digest_part(d);
    return d->ok || err_set(e, ERR_DESTINATION, "sink", "a file to be uploaded is shorter than it was");
}
