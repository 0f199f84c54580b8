/* config_yaml.h - a YAML file as a flat list of names and values: nested keys are joined by '_', lists by commas, ${VAR} is taken from the environment. */
#pragma once
#include "base/err.h"

typedef bool config_yaml_fn(void *ctx, const char *name, const char *value, const char *where, struct err *e); /* where: "roomd.yaml, line 3" */
bool config_read_yaml(const char *path, config_yaml_fn *each, void *ctx, struct err *e);
