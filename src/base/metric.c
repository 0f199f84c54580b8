#include "base/metric.h"

_Atomic int64_t metric_values[metric_count];

static const struct { const char *name, *type, *help; } rows[] = {
#define METRIC(name, type, help) {#name, #type, help},
#include "spec/metrics.def"
#undef METRIC
};

void metric_write(struct buf *to)
{
    for (size_t i = 0; i < metric_count; i++)
        buf_printf(to, "# HELP roomd_%s %s\n# TYPE roomd_%s %s\nroomd_%s %lld\n", rows[i].name, rows[i].help, rows[i].name, rows[i].type, rows[i].name,
                   (long long)atomic_load(&metric_values[i]));
}
