/* quota.h - how many live streams each caller has open on this node: an account, or an address that has not said yet whose it is. Any thread. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct quota { pthread_mutex_t mutex; void *holders; };     /* those who have any */
enum { QUOTA_NAME = 64 };
void quota_of_account(char name[QUOTA_NAME], int64_t user_id);
void quota_of_address(char name[QUOTA_NAME], const char *address);
bool quota_take(struct quota *q, const char *name, int64_t most); /* one more; false: they have as many already */
void quota_give(struct quota *q, const char *name);
