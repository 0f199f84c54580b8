/* multipart.h - a form as browsers' FormData sends it: multipart/form-data (RFC 7578). Points into what it is given. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct multipart { const char *rest, *end, *boundary; size_t boundary_size; };

bool multipart_open(struct multipart *m, const char *content_type, const char *body, size_t size); /* false: the type is another, or has no boundary */

/* The next field; files are passed over. False: there are no more, or what follows is broken off. */
bool multipart_next(struct multipart *m, const char **name, size_t *name_size, const char **value, size_t *value_size);
