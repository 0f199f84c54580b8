/* fault.h - places at which a test may end this process, and a clock that it may move; nothing of it is in a usual build (meson: -Dfaults=true).
 *
 * spec/faults.def names the places: each stands between two steps that cannot be one transaction. A test shares a file with the program
 * (ROOMD_FAULTS names it): it sees there how often each place was passed, and arms one of them. What is there survives kill -9. See doc/faults.md.
 * Any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum fault_point {
#define FAULT(name, doc) fault_##name,
#include "spec/faults.def"
#undef FAULT
    fault_point_count
};

/* FAULT_POINT(name) is always true, so that it can stand in a chain of steps. */
#ifdef ROOMD_FAULTS
#define FAULT_POINT(name) fault_pass(fault_##name)
bool fault_pass(enum fault_point p);
int64_t fault_shift_ms(void);         /* by which the test has moved both clocks */
int64_t fault_deadline_ms(int64_t ms); /* how long another server may take in truth: tests are in a hurry */
int64_t fault_wait_ms(int64_t ms);    /* how long to wait for that in truth, since time may be moved meanwhile; -1: until something comes */
#else
#define FAULT_POINT(name) fault_none()
static inline bool fault_none(void) { return true; }
static inline int64_t fault_shift_ms(void) { return 0; }
static inline int64_t fault_deadline_ms(int64_t ms) { return ms; }
static inline int64_t fault_wait_ms(int64_t ms) { return ms; }
#endif
