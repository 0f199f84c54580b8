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
