/* Any bytes as an offer: no crash, and what is accepted keeps the promises of sdp.h. libFuzzer, or files as arguments (FUZZ_MAIN). */
#include "provider/janus/sdp.h"
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct sdp *s)
{
    assert(s->count && s->count <= SDP_LINES);
    for (size_t i = 0; i < s->count; i++) {
        assert(s->lines[i].mid[0] && strlen(s->lines[i].mid) < sizeof s->lines[i].mid);
        for (size_t k = 0; k < i; k++) assert(strcmp(s->lines[i].mid, s->lines[k].mid));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct media_track tracks[] = {{"0", "mic"}, {"1", "camera"}, {"2", "screen"}};
    struct sdp s;
    struct err e;
    char print[32], *text = malloc(size + 1);
    if (!text) return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (sdp_parse(text, &s, &e)) check(&s);
    for (size_t n = 0; n <= 3; n++) sdp_check_offer(text, tracks, n, &e);
    sdp_fingerprint(text, print, sizeof print);
    free(text);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        static uint8_t bytes[1 << 20];
        FILE *f = fopen(argv[i], "rb");
        if (!f) return 2;
        size_t n = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        LLVMFuzzerTestOneInput(bytes, n);
    }
    return 0;
}
#endif
