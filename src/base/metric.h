/* metric.h - numbers for /metrics (spec/metrics.def). Any thread. */
#pragma once
#include "base/buf.h"
#include <stdatomic.h>

enum metric {
#define METRIC(name, type, help) metric_##name,
#include "spec/metrics.def"
#undef METRIC
    metric_count
};
extern _Atomic int64_t metric_values[metric_count];
#define metric_add(name, n) atomic_fetch_add_explicit(&metric_values[metric_##name], (n), memory_order_relaxed)
#define metric_set(name, n) atomic_store_explicit(&metric_values[metric_##name], (n), memory_order_relaxed)
void metric_write(struct buf *to); /* Prometheus text format */
