/* Any bytes as a Janus track file. With libFuzzer, or alone (-DFUZZ_MAIN) over the files named. */
#include "provider/janus/mjr.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mjr mjr;
    struct err e = {0};
    FILE *from = size ? fmemopen((void *)(uintptr_t)data, size, "rb") : NULL;
    if (!from) return 0;
    if (mjr_parse(from, 1000, &mjr, &e)) {
        assert(mjr.span_count <= mjr.packets);
        for (size_t i = 0; i < mjr.span_count; i++) assert(mjr.spans[i].from_ms <= mjr.spans[i].to_ms);
        mjr_release(&mjr);
    } else {
        assert(e.text[0]);
    }
    fclose(from);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    static uint8_t data[1 << 24];
    for (int i = 1; i < argc; i++) {
        FILE *from = fopen(argv[i], "rb");
        if (!from) return 1;
        LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof data, from));
        fclose(from);
    }
    return 0;
}
#endif
